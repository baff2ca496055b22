/**
 * What the node holds until its time has come: said a moment ago, so that it can be taken back, or to leave later. It
 * leaves whether this page is open or not.
 */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { MessageView, PostView, OutboxView } from '../api/types.gen.ts'
import type { Chosen } from './files.ts'

/** All that is not gone yet, of all networks, as the node lists it. */
export const waiting = signal<readonly OutboxView[]>([])
export const waitingTrouble = signal<ApiError | null>(null)
export const waitingLoaded = signal(false)

/** When a short wait is over by this browser's clock, in milliseconds: the node's may say something else. */
const ends = new Map<string, number>()
/** The files that went along, for as long as this page is open. */
const files = new Map<string, readonly Chosen[]>()

/** The page said this, and it is held for so many seconds; 0 for what has a time. */
export function held(said: MessageView | PostView, seconds: number, chosen: readonly Chosen[]): void {
  const { id, text, state, send_at, wall_s: since } = said
  if (seconds) ends.set(id, Date.now() + seconds * 1_000)
  if (chosen.length) files.set(id, chosen)
  const about = 'chat' in said ? ({ what: 'message', chat: said.chat, network: said.network } as const) : POST
  const shown: OutboxView = { message: id, ...about, title: '', title_translations: {}, state, since, text, send_at, reason: '', says: '', accounts: [] }
  if (!waiting.value.some((known) => known.message === id)) waiting.value = [...waiting.value, shown]
  look.again()
}

const POST = { what: 'post', chat: '', network: '' } as const

/** Whether it is one of those that wait for their time. */
export const isHeld = ({ message }: Pick<OutboxView, 'message'>): boolean => /^w\d+$/.test(message)

/** Seconds in which something can still be taken back, where it is to leave in a moment; null else. */
export function secondsLeft({ message, send_at: at, since, reason }: OutboxView, now: number): number | null {
  if (reason || !at || at - since > 600) return null
  return Math.max(0, Math.ceil(((ends.get(message) ?? at * 1_000) - now) / 1_000))
}

const look = rounds(async () => {
  try {
    waiting.value = (await call('GET /outbox')).items
    waitingTrouble.value = null
    waitingLoaded.value = true
  } catch (error) {
    waitingTrouble.value = asError(error)
  }
})
export const loadWaiting = (): Promise<void> => look.now()

/** Take it back. Gives what it said, and the files as far as this page has them. */
export async function takeBackHeld(id: string): Promise<{ readonly text: string; readonly files: readonly Chosen[] }> {
  const { text } = await call('POST /messages/{message}/cancel', { path: { message: id } })
  waiting.value = waiting.value.filter(({ message }) => message !== id)
  look.again()
  return { text, files: files.get(id) ?? [] }
}

/** Let it leave now; of what was given up, try it again. */
export async function leaveNow(id: string): Promise<void> {
  await call('POST /messages/{message}/resend', { path: { message: id } })
  await loadWaiting()
}

/** Whether a screen shows all of it, and not only what is held. */
export const wholeShown = signal(false)

listen(({ type }) => {
  if (type === 'outbox.changed' || type === 'resync' || (wholeShown.value && type.startsWith('message.'))) look.again()
})
