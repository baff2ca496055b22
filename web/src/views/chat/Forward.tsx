/** To pass on what somebody wrote: where to, who wrote it, and what to do where they have not allowed it. */

import { useComputed, useSignal } from '@preact/signals'

import { asError } from '../../api/errors.ts'
import type { ChatView, MessageView } from '../../api/types.gen.ts'
import { chatPath, go } from '../../router.ts'
import { passOn, scopeOf, writeDown } from '../../state/consent.ts'
import { writeBack } from '../../state/drafts.ts'
import { chatOf, inbox } from '../../state/inbox.ts'
import { nameOf } from '../../state/networks.ts'
import { t, titleOf } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Avatar, Badge, Button, ErrorNote, Icon, plain } from '../../ui/basics.tsx'
import { Confirm, Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { readersOf } from '../people/reasons.ts'

const SHOWN = 20
const QUOTED = 80
/** Kinds of conversations into which one can say something. */
const OPEN = new Set(['direct', 'group', 'channel'])

const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

export function Forward({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const text = useSignal('')
  const to = useSignal<ChatView | null>(null)
  const refused = useSignal(false)
  const { busy, problem, run } = useDoing()
  const author = plain(message.author_name)
  const fitting = useComputed(() =>
    inbox.value.filter(
      (chat) => chat.id !== message.chat && OPEN.has(chat.kind) && folded(titleOf(chat)).includes(folded(text.value)),
    ),
  )
  const send = (chat: ChatView): Promise<void> =>
    run(async () => {
      try {
        await passOn(message.id, chat.id)
      } catch (error) {
        if (asError(error).code !== 'no-consent') throw error
        refused.value = true
        return
      }
      note(t('forward.done', { name: plain(titleOf(chat)) }))
      onClose()
    })
  const chosen = to.value
  return (
    <Dialog title={t('forward.title')} onClose={onClose}>
      <figure class="quoted">
        {!message.mine && <figcaption>{t('forward.from', { name: author })}</figcaption>}
        <blockquote dir="auto">{message.text}</blockquote>
      </figure>
      {!chosen && (
        <>
          <label for="forward-find">{t('forward.where')}</label>
          <input
            id="forward-find"
            type="search"
            placeholder={t('forward.find')}
            autocomplete="off"
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
          {!fitting.value.length && <p class="muted">{t('forward.nobody')}</p>}
          <ul class="picks">
            {fitting.value.slice(0, SHOWN).map((chat) => (
              <li key={chat.id}>
                <button type="button" onClick={() => (to.value = chat)}>
                  <Place chat={chat} />
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {chosen && !refused.value && (
        <>
          <Place chat={chosen} />
          <p>{message.mine ? t('forward.mine') : `${t('forward.named', { name: author })} ${t('forward.asks', { name: author })}`}</p>
          {problem.value && <ErrorNote problem={problem.value} />}
          <div class="actions">
            <Button onClick={() => (to.value = null)}>{t('back')}</Button>
            <Button kind="main" icon="forward" disabled={busy.value} onClick={() => void send(chosen)}>
              {t('forward.do', { name: plain(chosen.title) })}
            </Button>
          </div>
        </>
      )}
      {chosen && refused.value && (
        <Refused
          message={message}
          to={chosen}
          onClose={onClose}
          onAllowed={() => {
            refused.value = false
            void send(chosen)
          }}
        />
      )}
    </Dialog>
  )
}

/** A conversation, and who reads what is said there. */
function Place({ chat }: { readonly chat: ChatView }) {
  const everybody = scopeOf(chat) === 'publish'
  return (
    <span class="brief">
      <Avatar name={titleOf(chat)} network={chat.network} />
      <span>
        <bdi class="row-name">{plain(titleOf(chat))}</bdi>
        <small>
          {chat.network && (
            <span class="network" data-network={chat.network}>
              {nameOf(chat.network)}{' '}
            </span>
          )}
          {everybody ? t('trust.network.public') : readersOf(chat)}
        </small>
      </span>
    </span>
  )
}

/** They have not allowed it, or said no: ask them, note what they said, or pass on a link. */
function Refused(props: {
  readonly message: MessageView
  readonly to: ChatView
  readonly onAllowed: () => void
  readonly onClose: () => void
}) {
  const { message, to, onAllowed, onClose } = props
  const no = useSignal(false)
  const { busy, problem, run } = useDoing()
  const name = plain(message.author_name)
  const here = chatOf(message.chat)
  const allow = (own_word: boolean): Promise<void> =>
    run(async () => {
      try {
        await writeDown({ message: message.id, scope: scopeOf(to), allowed: true, own_word })
      } catch (error) {
        if (own_word || asError(error).code !== 'conflict') throw error
        no.value = true
        return
      }
      onAllowed()
    })
  const ask = (): Promise<void> =>
    run(async () => {
      const quoted = message.text.length > QUOTED ? `${message.text.slice(0, QUOTED)}…` : message.text
      await writeBack(message.chat, t('forward.asking', { text: quoted }))
      onClose()
      go(chatPath(message.chat))
    })
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(message.url)
    note(t('copied'))
    onClose()
  }
  return (
    <>
      <p class="note bad" role="alert">
        <Icon name="circle-alert" />
        <span class="grow">
          {t('forward.refused', { name })} {t('forward.refused.ways', { name })}
        </span>
      </p>
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        {here && OPEN.has(here.kind) && (
          <Button kind="main" disabled={busy.value} onClick={() => void ask()}>
            {t('forward.ask', { name })}
          </Button>
        )}
        <Button disabled={busy.value} onClick={() => void allow(false)}>
          {t('forward.allowed')}
        </Button>
        <Button onClick={onClose}>{t('cancel')}</Button>
      </div>
      {message.url.startsWith('https://') && 'clipboard' in navigator && (
        <Button kind="quiet" icon="copy" onClick={() => void copy()}>
          {t('forward.link')}
        </Button>
      )}
      {scopeOf(to) === 'publish' && <Badge>{t('consent.yes.publish')}</Badge>}
      {no.value && <TookBack name={name} onYes={() => void allow(true)} onClose={() => (no.value = false)} />}
    </>
  )
}

/** A no stands until they themselves say otherwise. */
export function TookBack(props: { readonly name: string; readonly onYes: () => void; readonly onClose: () => void }) {
  const { name } = props
  return (
    <Confirm
      title={t('consent.back.title', { name })}
      text={t('consent.back.text', { name })}
      yes={t('consent.back.yes')}
      onYes={props.onYes}
      onClose={props.onClose}
    />
  )
}
