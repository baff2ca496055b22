/** All that is not gone yet, on all networks: why, and when it leaves. */

import { useEffect } from 'preact/hooks'

import type { OutboxView } from '../../api/types.gen.ts'
import { chatPath, go, postPath } from '../../router.ts'
import { writeBack } from '../../state/drafts.ts'
import { isHeld, leaveNow, loadWaiting, takeBackHeld, waiting, waitingLoaded, waitingTrouble, wholeShown } from '../../state/later.ts'
import { nameOf } from '../../state/networks.ts'
import { outbox } from '../../state/outbox.ts'
import { takeBackHeldPost } from '../../state/posts.ts'
import { dayTime, maybe, t, titleOf } from '../../text/t.ts'
import { Button, Empty, ErrorNote, Icon, Link, plain, Waiting } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'
import { attempt } from '../chat/attempt.ts'

const AGAIN = new Set(['scheduled', 'refused', 'expired'])
const BACK = new Set(['scheduled', 'queued', 'waiting', 'refused'])

export function Outbox() {
  useEffect(() => {
    wholeShown.value = true
    void loadWaiting()
    return () => (wholeShown.value = false)
  }, [])
  const rows = waiting.value
  return (
    <Page title={t('outbox.title')} back="/settings">
      {waitingTrouble.value && <ErrorNote problem={waitingTrouble.value} onRetry={() => void loadWaiting()} />}
      {outbox.value.length > 0 && <p class="note">{t('inbox.unsent', { count: outbox.value.length })}</p>}
      {!waitingLoaded.value && !waitingTrouble.value && <Waiting label={t('loading')} />}
      {waitingLoaded.value && !rows.length && (
        <Empty icon="check" title={t('outbox.none')}>
          <p>{t('outbox.none.text')}</p>
        </Empty>
      )}
      <ul class="rows" aria-label={t('outbox.title')}>
        {rows.map((row, at) => (
          <li key={`${row.message} ${row.what} ${at}`}>
            <Row row={row} />
          </li>
        ))}
      </ul>
    </Page>
  )
}

function Row({ row }: { readonly row: OutboxView }) {
  const { message, chat, what, says, send_at: at, state, text, network } = row
  const title = plain(titleOf(row))
  const mine = what === 'message' || what === 'post'
  const back = (): void =>
    attempt(async () => {
      if (what === 'post') {
        await takeBackHeldPost(message)
        return go('/posts/new')
      }
      const taken = await takeBackHeld(message)
      if (chat) await writeBack(chat, taken.text)
      await loadWaiting()
    })
  return (
    <article class="row tall" aria-label={`${title}, ${says}`}>
      <Icon name={row.reason ? 'circle-alert' : 'clock'} />
      <div class="grow">
        <p class="row-name">
          {chat ? (
            <Link to={chatPath(chat)}>
              <bdi>{title}</bdi>
            </Link>
          ) : (
            <Link to={postPath(message)}>{t('outbox.post')}</Link>
          )}{' '}
          {network && <small>{nameOf(network)}</small>}
        </p>
        {text && <p dir="auto">{text}</p>}
        <p class="help">
          {what !== 'message' && `${maybe(`outbox.${what}`) ?? what}: `}
          {says}
          {at > 0 && ` · ${dayTime(at)}`}
        </p>
        {mine && (AGAIN.has(state) || BACK.has(state)) && (
          <div class="actions">
            {AGAIN.has(state) && <Button onClick={() => attempt(() => leaveNow(message))}>{t('held.now')}</Button>}
            {(isHeld(row) || BACK.has(state)) && <Button onClick={back}>{t('unsent.back')}</Button>}
          </div>
        )}
      </div>
    </article>
  )
}
