// A message takes the focus so that it can be read with keys; what can be done stands beside it as buttons.
/* oxlint-disable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex */

import { useSignal } from '@preact/signals'

import type { MessageView } from '../../api/types.gen.ts'
import { can, cancel, confirmSent, react, resend } from '../../state/chat.ts'
import { dayTime, maybe, t, time, wordsOf } from '../../text/t.ts'
import { Button, plain } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { whenPointedAt } from '../../ui/focus.ts'
import { laterMore } from '../../ui/later.tsx'
import { attempt } from './attempt.ts'
import { Delete } from './Delete.tsx'
import { Attached } from './files.tsx'
import { startEdit, startReply } from './doing.ts'
import { Poll } from './Poll.tsx'

const Forward = laterMore(async () => (await import('./Forward.tsx')).Forward)
const SYMBOLS = ['👍', '❤️', '😂', '😮', '😢', '🙏'] as const

interface MessageProps {
  readonly message: MessageView
  readonly at: number
  /** It follows one of the same author. */
  readonly joined: boolean
  /** Whether it has to be said who speaks: there are more than two. */
  readonly named: boolean
  /** The network over which it went, where that is not the same for all. */
  readonly where?: string
  readonly active: boolean
  /** Whether Tab stops here; what is inside of others is reached through them. */
  readonly stop: boolean
  readonly answered: MessageView | undefined
  readonly onActive: () => void
}

/** One message, read out as one thing. */
export function Message({ message, at, joined, named, where = '', active, stop, answered, onActive }: MessageProps) {
  const dialog = useSignal<'delete' | 'react' | 'forward' | null>(null)
  const { mine, author_name: author } = message
  const who = mine ? t('you') : plain(author)
  const tab = stop ? 0 : -1
  if (message.kind === 'line' || message.kind === 'timer') {
    return (
      <p class="line" data-at={at} tabIndex={tab} onFocus={onActive}>
        {message.text || t('message.timer')}
      </p>
    )
  }
  const spoken = [who, where, time(message.wall_s), stateOf(message)].filter(Boolean).join(', ')
  return (
    <article
      class={`message ${mine ? 'mine' : ''} ${joined ? 'joined' : ''}`}
      aria-label={spoken}
      data-at={at}
      tabIndex={tab}
      onFocus={onActive}
      onPointerMove={whenPointedAt(onActive)}
    >
      {named && !joined && !mine && <bdi class="author">{who}</bdi>}
      <div class="said">
        <div class="bubble">
          {(message.reply_to || message.thread) && (
            <blockquote>
              <bdi>{answered ? (answered.mine ? t('you') : plain(answered.author_name)) : ''}</bdi>{' '}
              <bdi>{answered ? textOf(answered) : t('reply.earlier')}</bdi>
            </blockquote>
          )}
          {message.title && <strong dir="auto">{message.title}</strong>}
          <Body message={message} />
          {message.poll && <Poll message={message} poll={message.poll} tab={tab} />}
          {message.attachments.map((_, index) => (
            <Attached key={index} message={message} index={index} tab={tab} />
          ))}
          <Footer message={message} where={where} tab={tab} />
        </div>
        {active && message.kind !== 'deleted' && (
          <div class="message-actions">
            {can('reply', message.chat) && <Button kind="quiet" icon="reply" label={t('reply')} onClick={() => startReply(message)} />}
            {can('reaction', message.chat) && (
              <Button kind="quiet" icon="smile-plus" label={t('react')} onClick={() => (dialog.value = 'react')} />
            )}
            {mine && can('edit', message.chat) && (
              <Button kind="quiet" icon="pencil" label={t('edit')} onClick={() => startEdit(message)} />
            )}
            {message.kind === 'text' && message.text && (
              <Button kind="quiet" icon="forward" label={t('forward')} onClick={() => (dialog.value = 'forward')} />
            )}
            <Button kind="quiet" icon="trash-2" label={t('delete')} onClick={() => (dialog.value = 'delete')} />
          </div>
        )}
      </div>
      <Reactions message={message} tab={tab} />
      {dialog.value === 'delete' && <Delete message={message} onClose={() => (dialog.value = null)} />}
      {dialog.value === 'forward' && <Forward message={message} onClose={() => (dialog.value = null)} />}
      {dialog.value === 'react' && <React message={message} onClose={() => (dialog.value = null)} />}
    </article>
  )
}

const textOf = (message: MessageView): string =>
  message.kind === 'text' ? wordsOf(message) : (maybe(`message.${message.kind}`) ?? '')

function Body({ message }: { readonly message: MessageView }) {
  if (message.kind === 'text') return <p dir="auto">{wordsOf(message)}</p>
  const reason = maybe(`reason.${message.reason}`) ?? ''
  return (
    <p class="muted">
      {textOf(message)} {reason}
    </p>
  )
}

/** How far a message of ours is, in words; of others' nothing has to be said. */
export function stateOf(message: MessageView): string {
  if (!message.mine || message.kind === 'deleted') return ''
  const reason = message.reason && (maybe(`reason.${message.reason}`) ?? message.reason)
  const state = maybe(`state.${message.state}.${message.reason}`) ?? maybe(`state.${message.state}`) ?? ''
  return ['waiting', 'refused', 'expired'].includes(message.state) && reason ? `${state}: ${reason}` : state
}

function Footer(props: { readonly message: MessageView; readonly where: string; readonly tab: number }) {
  const { message, where, tab } = props
  const { state, id, mine } = message
  const bad = mine && ['refused', 'expired', 'maybe'].includes(state)
  return (
    <p class="foot">
      {where && (
        <span class="network" data-network={message.network}>
          {where}
        </span>
      )}
      {message.edited && <span>{t('message.edited')}</span>}
      {message.doing.length > 0 && <span>{t('message.doing')}</span>}
      <time title={dayTime(message.wall_s)}>{time(message.wall_s)}</time>
      {mine && <span class={bad ? 'bad' : ''}>{stateOf(message)}</span>}
      {mine && state === 'queued' && message.network === '' && (
        <button type="button" class="inline" tabIndex={tab} onClick={() => attempt(() => cancel(id))}>
          {t('undo')}
        </button>
      )}
      {mine && (state === 'expired' || state === 'refused' || (state === 'maybe' && message.reason === 'asked')) && (
        <button type="button" class="inline" tabIndex={tab} onClick={() => attempt(() => resend(id))}>
          {t('retry')}
        </button>
      )}
      {mine && state === 'maybe' && message.reason === 'asked' && (
        <button type="button" class="inline" tabIndex={tab} onClick={() => attempt(() => confirmSent(id))}>
          {t('message.is-there')}
        </button>
      )}
    </p>
  )
}

function Reactions({ message, tab }: { readonly message: MessageView; readonly tab: number }) {
  if (!message.reactions.length) return null
  const counted = new Map<string, { count: number; mine: boolean }>()
  for (const [author, symbol] of message.reactions) {
    const known = counted.get(symbol) ?? { count: 0, mine: false }
    counted.set(symbol, { count: known.count + 1, mine: known.mine || author === 'me' })
  }
  return (
    <div class="reactions">
      {[...counted].map(([symbol, { count, mine }]) => (
        <button
          key={symbol}
          type="button"
          tabIndex={tab}
          aria-pressed={mine}
          aria-label={t('reaction.label', { symbol, count })}
          onClick={() => attempt(() => react(message.id, mine ? '' : symbol))}
        >
          {symbol}
          {count > 1 && ` ${count}`}
        </button>
      ))}
    </div>
  )
}

function React({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const mine = message.reactions.find(([author]) => author === 'me')?.[1]
  return (
    <Dialog title={t('react')} onClose={onClose}>
      <div class="symbols">
        {SYMBOLS.map((symbol) => (
          <button
            key={symbol}
            type="button"
            aria-pressed={symbol === mine}
            onClick={() => {
              attempt(() => react(message.id, symbol === mine ? '' : symbol))
              onClose()
            }}
          >
            {symbol}
          </button>
        ))}
      </div>
    </Dialog>
  )
}
