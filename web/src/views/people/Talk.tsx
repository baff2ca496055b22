import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

import { go, personPath } from '../../router.ts'
import { openPerson, person, personTrouble } from '../../state/book.ts'
import { closeChat, open, openTalk, turn } from '../../state/chat.ts'
import { t } from '../../text/t.ts'
import { Button, Empty, ErrorNote, Icon, Link, plain, Waiting } from '../../ui/basics.tsx'
import { Composer } from '../chat/Composer.tsx'
import { Messages } from '../chat/Messages.tsx'
import { NobodyHere } from './NobodyHere.tsx'
import { closedFor, networkName, readersOf } from './reasons.ts'

/** All that was said with somebody, whichever way it went; an answer goes the best one. */
export function Talk({ id }: { readonly id: string }) {
  const via = useSignal('')
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = person.value?.id === id ? person.value : null
  const name = shown ? plain(shown.name) : ''
  // The best way may become another one; the conversations are the same.
  const chats = shown?.ways.map((way) => way.chat).toSorted() ?? []
  useEffect(() => {
    void openPerson(id)
    heading.current?.focus()
  }, [id])
  useEffect(() => {
    // Somebody was joined with another one: their talk is the other's now.
    if (person.value && person.value.id !== id && open.value.chat === id) go(`${personPath(person.value.id)}/talk`, true)
  }, [person.value?.id])
  useEffect(() => {
    if (!shown) return undefined
    void openTalk(id, chats)
    const mine = turn()
    return () => closeChat(mine)
  }, [chats.join(' ')])
  useEffect(() => {
    if (name) document.title = `${name} · swarmnode`
  }, [name])
  const best = useComputed(() => {
    const usable = (person.value?.ways ?? []).filter((way) => way.usable)
    return usable.find((way) => way.chat === via.value) ?? usable[0]
  })
  const { trouble, loading, messages } = open.value
  const problem = personTrouble.value ?? trouble
  if (personTrouble.value?.code === 'not-found') return <NobodyHere />
  return (
    <section class="chat" aria-labelledby="chat-title">
      <header>
        <Button kind="quiet" class="back" icon="arrow-left" label={t('back')} onClick={() => go(personPath(id))} />
        <div class="chat-head">
          <h1 id="chat-title" tabIndex={-1} ref={heading}>
            <bdi>{name}</bdi>
          </h1>
          {best.value && (
            <p class="trust">
              <span>
                <Icon name={best.value.privacy === 'public' ? 'globe' : best.value.privacy === 'e2e' ? 'lock' : 'server'} />{' '}
                {t('talk.goes', { network: networkName(best.value.network) })} {readersOf(best.value)}
              </span>
            </p>
          )}
        </div>
        <Link to={personPath(id)} class="button quiet alone details" aria-label={t('talk.about', { name })} title={t('talk.about', { name })}>
          <Icon name="contact-round" />
        </Link>
      </header>
      {problem && <ErrorNote problem={problem} onRetry={() => void openPerson(id)} />}
      {shown && !shown.ways.length && (
        <Empty icon="send" title={t('person.no-way')}>
          <p>{t('person.no-way.text')}</p>
        </Empty>
      )}
      {shown && shown.ways.length > 0 && (
        <>
          {loading && !messages.length ? <Waiting label={t('loading')} /> : <Messages key={id} chat={id} />}
          {shown.ways.length > 1 && (
            <div class="via">
              <label for="via">{t('talk.via')}</label>
              <select id="via" value={via.value} onChange={(event) => (via.value = event.currentTarget.value)}>
                <option value="">{t('talk.via.rule')}</option>
                {shown.ways.map((way) => (
                  <option key={way.chat} value={way.chat} disabled={!way.usable}>
                    {networkName(way.network)}
                    {closedFor(way) && ` (${closedFor(way)})`}
                  </option>
                ))}
              </select>
            </div>
          )}
          <Composer key={`composer ${id}`} chat={id} name={name} via={via.value} />
        </>
      )}
    </section>
  )
}
