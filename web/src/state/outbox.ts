/**
 * What was said and is not at the node yet. Kept in the browser's database before anything is sent, and sent under a
 * key that stays the same: a closed tab, a restarted node or a lost network neither loses nor doubles a word.
 */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { asError, UNREACHABLE } from '../api/errors.ts'
import { link } from '../api/live.ts'
import type { MessageView, WayChoice } from '../api/types.gen.ts'
import { isPerson } from './places.ts'
import { all, forget, keep } from './store.ts'

export interface Unsent {
  readonly key: string
  /** A conversation, or a person, to whom it goes the best way. */
  readonly chat: string
  readonly text: string
  readonly replyTo: string
  /** Milliseconds of this browser's clock; the order in which they go. */
  readonly at: number
  /** Why the node did not take it; empty while it waits. */
  readonly problem: string
  /** The way to a person that was chosen; without one the node finds it. */
  readonly via?: string
  /** It would go a less private way than the last word: the ways that there are. */
  readonly choices?: readonly WayChoice[]
}

export const outbox = signal<readonly Unsent[]>([])
export const waitingIn = (chat: string) => computed(() => outbox.value.filter((unsent) => unsent.chat === chat))

const AGAIN_MS = 3_000
let timer = 0
let sending = false
let sent: (message: MessageView) => void = () => {}
let following = false

/** Say who is to be told of what the node has taken, and go on with what an earlier page left. */
export async function startOutbox(onSent: (message: MessageView) => void): Promise<void> {
  sent = onSent
  outbox.value = ((await all('outbox')) as Unsent[]).toSorted((a, b) => a.at - b.at)
  if (!following) link.subscribe((state) => void (state === 'up' && flush()))
  following = true
  await flush()
}

export async function send(chat: string, text: string, replyTo: string, via = ''): Promise<void> {
  const unsent: Unsent = { key: newKey(), chat, text, replyTo, at: Date.now(), problem: '', via }
  await keep('outbox', unsent.key, unsent)
  outbox.value = [...outbox.value, unsent]
  void flush()
}

/** Without a secure address browsers have no randomUUID. */
function newKey(): string {
  if ('randomUUID' in crypto) return crypto.randomUUID()
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function retry(key: string): Promise<void> {
  await change(key, '')
  await flush()
}

/** Send it this way. To the node that is another request, so it gets another key. */
export async function sendVia(key: string, via: string): Promise<void> {
  const old = outbox.value.find((unsent) => unsent.key === key)
  if (!old) return
  const { choices: _, ...rest } = old
  const now: Unsent = { ...rest, key: newKey(), via, problem: '' }
  await keep('outbox', now.key, now)
  await forget('outbox', key)
  outbox.value = outbox.value.map((unsent) => (unsent === old ? now : unsent))
  await flush()
}

/** Take it back; gives the text, so that it can go on being written. */
export async function takeBack(key: string): Promise<string> {
  const text = outbox.value.find((unsent) => unsent.key === key)?.text ?? ''
  await drop(key)
  return text
}

async function drop(key: string): Promise<void> {
  await forget('outbox', key)
  outbox.value = outbox.value.filter((unsent) => unsent.key !== key)
}

async function change(key: string, problem: string, choices: readonly WayChoice[] = []): Promise<void> {
  outbox.value = outbox.value.map((unsent) => (unsent.key === key ? { ...unsent, problem, choices } : unsent))
  const changed = outbox.value.find((unsent) => unsent.key === key)
  if (changed) await keep('outbox', key, changed)
}

function say({ key, chat, text, replyTo, via = '' }: Unsent): Promise<MessageView> {
  const body = { text, reply_to: replyTo }
  return isPerson(chat)
    ? call('POST /people/{person}/messages', { path: { person: chat }, body: { ...body, via }, key })
    : call('POST /chats/{chat}/messages', { path: { chat }, body, key })
}

/** Send what waits, one after the other; what the node refuses stays, with its reason. */
export async function flush(): Promise<void> {
  if (sending) return
  sending = true
  window.clearTimeout(timer)
  try {
    for (;;) {
      const next = outbox.value.find((unsent) => !unsent.problem)
      if (!next) break
      try {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        sent(await say(next))
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await drop(next.key)
      } catch (error) {
        const { code, message, choices } = asError(error)
        if (code === UNREACHABLE || code === 'locked') {
          timer = window.setTimeout(() => void flush(), AGAIN_MS)
          break
        }
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await change(next.key, message, choices)
      }
    }
  } finally {
    sending = false
  }
}
