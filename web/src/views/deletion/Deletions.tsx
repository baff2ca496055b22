/** What was deleted, the latest first, and what became of it. None of the texts is here any more. */

import { useEffect } from 'preact/hooks'

import { chatPath } from '../../router.ts'
import { deletions, deletionsLoaded, deletionsNext, deletionsTrouble, loadDeletions } from '../../state/deletions.ts'
import { chatOf } from '../../state/inbox.ts'
import { dayTime, t } from '../../text/t.ts'
import { Button, Empty, ErrorNote, Link, plain, Waiting } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'
import { Places } from './Places.tsx'

export function Deletions() {
  useEffect(() => void loadDeletions(), [])
  const rows = [...deletions.value.values()].toSorted((a, b) => Number(b.id) - Number(a.id))
  return (
    <Page title={t('deletions.title')} back="/settings">
      {deletionsTrouble.value && <ErrorNote problem={deletionsTrouble.value} onRetry={() => void loadDeletions()} />}
      {!deletionsLoaded.value && !deletionsTrouble.value && <Waiting label={t('loading')} />}
      {deletionsLoaded.value && !rows.length && (
        <Empty icon="trash-2" title={t('deletions.none')}>
          <p>{t('deletions.none.text')}</p>
        </Empty>
      )}
      {rows.map((one) => (
        <section key={one.id} aria-label={t('deletions.one', { at: dayTime(one.at), count: one.targets.length })}>
          <h2>{t('deletions.one', { at: dayTime(one.at), count: one.targets.length })}</h2>
          <p class="help">
            {one.chats.map((chat) => (
              <Link key={chat} to={chatPath(chat)}>
                <bdi>{plain(chatOf(chat)?.title ?? '')}</bdi>{' '}
              </Link>
            ))}
          </p>
          <Places deletion={one} />
        </section>
      ))}
      {deletionsNext.value && <Button onClick={() => void loadDeletions(true)}>{t('deletions.more')}</Button>}
    </Page>
  )
}
