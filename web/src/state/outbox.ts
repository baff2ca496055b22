/**
 * What was said and is not at the node yet. Kept in the browser's database before anything is sent, and sent under a
 * key that stays the same: a closed tab, a restarted node or a lost network neither loses nor doubles a word.
 */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { asError, UNREACHABLE } from '../api/errors.ts'
import { link } from '../api/live.ts'
import type { MessageView } from '../api/types.gen.ts'
import { all, forget, keep } from './store.ts'

export interface Unsent {
  readonly key: string
  readonly chat: string
  readonly text: string
  readonly replyTo: string
  /** Milliseconds of this browser's clock; the order in which they go. */
  readonly at: number
  /** Why the node did not take it; empty while it waits. */
  readonly problem: string
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

export async function send(chat: string, text: string, replyTo: string): Promise<void> {
  const unsent: Unsent = { key: crypto.randomUUID?.() ?? randomKey(), chat, text, replyTo, at: Date.now(), problem: '' }
  await keep('outbox', unsent.key, unsent)
  outbox.value = [...outbox.value, unsent]
  void flush()
}

/** Without a secure address browsers have no randomUUID. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function retry(key: string): Promise<void> {
  await change(key, '')
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

async function change(key: string, problem: string): Promise<void> {
  outbox.value = outbox.value.map((unsent) => (unsent.key === key ? { ...unsent, problem } : unsent))
  const changed = outbox.value.find((unsent) => unsent.key === key)
  if (changed) await keep('outbox', key, changed)
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
        const body = { text: next.text, reply_to: next.replyTo }
        // oxlint-disable-next-line no-await-in-loop -- in their order
        const message = await call('POST /chats/{chat}/messages', { path: { chat: next.chat }, body, key: next.key })
        sent(message)
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await drop(next.key)
      } catch (error) {
        const { code, message } = asError(error)
        if (code === UNREACHABLE || code === 'locked') {
          timer = window.setTimeout(() => void flush(), AGAIN_MS)
          break
        }
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await change(next.key, message)
      }
    }
  } finally {
    sending = false
  }
}
