import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

import { go, personPath } from '../../router.ts'
import { closeChat, open, openChat, turn } from '../../state/chat.ts'
import { asOf, shownFrom } from '../../state/copy.ts'
import { chatOf, loaded } from '../../state/inbox.ts'
import { nameOf } from '../../state/networks.ts'
import { contactOf } from '../../state/people.ts'
import { maybe, t, titleOf } from '../../text/t.ts'
import { Button, ErrorNote, Icon, Link, plain, Waiting } from '../../ui/basics.tsx'
import { Check } from '../people/Check.tsx'
import { Composer } from './Composer.tsx'
import { Invited } from './Invited.tsx'
import { Messages } from './Messages.tsx'

/** A conversation, opened at a message of it or at its end. */
export function Chat({ chat, at }: { readonly chat: string; readonly at: string }) {
  const checking = useSignal(false)
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = chatOf(chat)
  const title = shown ? plain(titleOf(shown)) : ''
  useEffect(() => {
    void openChat(chat, at)
    const mine = turn()
    heading.current?.focus()
    return () => closeChat(mine)
  }, [chat])
  useEffect(() => {
    if (title) document.title = `${title} · swarmnode`
  }, [title])
  if (!shown && loaded.value) {
    return (
      <section class="page">
        <div class="empty">
          <h1 tabIndex={-1}>{t('chat.gone')}</h1>
          <Link to="/" class="button main">
            {t('inbox.title')}
          </Link>
        </div>
      </section>
    )
  }
  const contact = shown && contactOf(shown.contact)
  const { trouble, loading, messages } = open.value
  return (
    <section class="chat" aria-labelledby="chat-title">
      <header>
        <Button kind="quiet" class="back" icon="arrow-left" label={t('back')} onClick={() => go('/')} />
        <div class="chat-head">
          <h1 id="chat-title" tabIndex={-1} ref={heading}>
            <bdi>{title}</bdi>
          </h1>
          {shown && (
            <p class="trust">
              <Reading privacy={shown.privacy} network={shown.network} name={title} kind={shown.kind} />
              {shown.labels.length > 0 && <bdi>{shown.labels.map(plain).join(', ')}</bdi>}
              {contact && <Person standing={contact.standing} onCheck={() => (checking.value = true)} />}
            </p>
          )}
        </div>
        {shown?.person && (
          <Link
            to={personPath(shown.person)}
            class="button quiet alone"
            aria-label={t('talk.about', { name: title })}
            title={t('talk.about', { name: title })}
          >
            <Icon name="contact-round" />
          </Link>
        )}
      </header>
      {contact?.standing === 'key-alert' && (
        <div class="note bad" role="alert">
          <Icon name="circle-alert" />
          <p>{t('trust.alert', { name: title })}</p>
          <Button onClick={() => (checking.value = true)}>{t('check.person')}</Button>
        </div>
      )}
      {contact?.standing === 'pending' && <p class="notice">{t('chat.pending.text', { name: title })}</p>}
      {shownFrom.value > 0 && (
        <p class="notice" role="status">
          <Icon name="wifi-off" /> {t('offline')} {asOf()}
        </p>
      )}
      {trouble && <ErrorNote problem={trouble} onRetry={() => void openChat(chat, at)} />}
      {loading && !messages.length ? (
        <Waiting label={t('loading')} />
      ) : shown?.invitation && !messages.length ? (
        <div class="list" />
      ) : (
        <Messages key={chat} chat={chat} at={at} />
      )}
      {shown?.invitation ? (
        <Invited chat={shown} invitation={shown.invitation} />
      ) : (
        <Composer key={`composer ${chat}`} chat={chat} name={title} />
      )}
      {checking.value && contact && <Check contact={contact} onClose={() => (checking.value = false)} />}
    </section>
  )
}

/** Who can read this, in words. */
function Reading(props: {
  readonly privacy: string
  readonly network: string
  readonly name: string
  readonly kind: string
}) {
  const network = nameOf(props.network)
  if (!props.network) {
    return (
      <span class="good">
        <Icon name="lock" /> {t('trust.private', { name: props.name })}
      </span>
    )
  }
  const icon = props.privacy === 'public' ? 'globe' : props.privacy === 'e2e' ? 'lock' : 'server'
  return (
    <span>
      <Icon name={icon} /> {maybe(`trust.network.${props.privacy}`, { network }) ?? t('trust.network.', { network })}
    </span>
  )
}

/** Whether it is really them, in words. */
function Person({ standing, onCheck }: { readonly standing: string; readonly onCheck: () => void }) {
  if (standing === 'verified') {
    return (
      <button type="button" class="inline good" onClick={onCheck}>
        <Icon name="check" /> {t('trust.checked')}
      </button>
    )
  }
  if (standing !== 'confirmed') return null
  return (
    <button type="button" class="inline" onClick={onCheck}>
      {t('trust.unchecked')}
    </button>
  )
}
