/**
 * What was said and is not at the node yet. Kept in the browser's database before anything is sent, and sent under a
 * key that stays the same: a closed tab, a restarted node or a lost network neither loses nor doubles a word. The
 * database is what counts; all tabs show it, and one of them at a time sends.
 */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { asError, UNREACHABLE } from '../api/errors.ts'
import { link } from '../api/live.ts'
import type { MessageView, NewAttachment, WayChoice } from '../api/types.gen.ts'
import { emptyIn, sync } from './drafts.ts'
import { base64, type Chosen } from './files.ts'
import { held } from './later.ts'
import { isPerson } from './places.ts'
import { taken } from './rows.ts'
import { all, alone, find, forget, together } from './store.ts'

export interface Unsent {
  readonly key: string
  /** A conversation, or a person, to whom it goes the best way. */
  readonly chat: string
  readonly text: string
  readonly replyTo: string
  readonly files?: readonly Chosen[]
  /** Milliseconds of this browser's clock; the order in which they go. */
  readonly at: number
  /** Why the node did not take it; empty while it waits. */
  readonly problem: string
  /** The way to a person that was chosen; without one the node finds it. */
  readonly via?: string
  /** Seconds for which the node holds it, so that it can be taken back. */
  readonly inS?: number
  /** The Unix second at which it is to leave. */
  readonly sendAt?: number
  /** It would go a less private way than the last word: the ways that there are. */
  readonly choices?: readonly WayChoice[]
}

export interface Said {
  readonly replyTo?: string
  readonly via?: string
  readonly files?: readonly Chosen[]
  readonly inS?: number
  readonly sendAt?: number
}

export const outbox = signal<readonly Unsent[]>([])
/** How much of the one that this tab is sending has left, from 0 to 1. */
export const progress = signal<{ readonly key: string; readonly part: number } | null>(null)

const AGAIN_MS = 3_000
const WAITS = new Set([UNREACHABLE, 'locked', 'unauthorized'])
let timer = 0
let wanted = false
let sent: (message: MessageView) => void = () => {}
let channel: BroadcastChannel | undefined

/** Say who is to be told of what the node has taken, before it is no longer here. */
export const whenSent = (tell: (message: MessageView) => void): void => void (sent = tell)

/** Go on with what an earlier page left. */
export async function startOutbox(): Promise<void> {
  await look()
  if (!channel) {
    channel = new BroadcastChannel('outbox')
    channel.addEventListener('message', () => void look())
    link.subscribe((state) => void (state === 'up' && flush()))
    addEventListener('online', () => void flush())
  }
  await flush()
}

/** Show what the database has. */
async function look(): Promise<void> {
  outbox.value = ((await all('outbox')) as Unsent[]).toSorted((a, b) => a.at - b.at)
}

async function changed(): Promise<void> {
  await look()
  channel?.postMessage('changed')
}

/** Say it; from then on it stands in the outbox and no longer in its draft, both or neither. */
export async function send(chat: string, text: string, said: Said = {}): Promise<void> {
  const { replyTo = '', via = '', files = [], inS = 0, sendAt = 0 } = said
  const unsent: Unsent = { key: newKey(), chat, text, replyTo, files, at: Date.now(), problem: '', via, inS, sendAt }
  await together(['outbox', 'drafts'], async ({ outbox: box, drafts }) => {
    await box.put(unsent.key, unsent)
    await emptyIn(drafts, chat)
  })
  await changed()
  void flush()
  void sync(chat)
}

/** Without a secure address browsers have no randomUUID. */
function newKey(): string {
  const random = [...crypto.getRandomValues(new Uint8Array(16))]
  return crypto.randomUUID?.() ?? random.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function retry(key: string): Promise<void> {
  await settle(key, '')
  await flush()
}

/** Take it back, so that it can go on being written; null if it has left meanwhile. */
export async function takeBack(key: string): Promise<Unsent | null> {
  return alone('outbox', async () => {
    const unsent = (await find('outbox', key)) as Unsent | undefined
    if (unsent) await forget('outbox', key)
    await changed()
    return unsent ?? null
  })
}

/** Send it this way. To the node that is another request, so it gets another key. */
export async function sendVia(key: string, via: string): Promise<void> {
  await together(['outbox'], async ({ outbox: box }) => {
    const old = (await box.get(key)) as Unsent | undefined
    if (!old) return
    const { choices: _, ...unsent } = old
    const now: Unsent = { ...unsent, key: newKey(), via, problem: '' }
    await box.drop(key)
    await box.put(now.key, now)
  })
  await changed()
  await flush()
}

async function settle(key: string, problem: string, choices: readonly WayChoice[] = []): Promise<void> {
  await together(['outbox'], async ({ outbox: box }) => {
    const unsent = await box.get(key)
    if (unsent) await box.put(key, { ...(unsent as Unsent), problem, choices })
  })
  await changed()
}

/** Send what waits, one after the other; what the node refuses stays, with its reason. */
export async function flush(): Promise<void> {
  if (wanted) return
  wanted = true
  window.clearTimeout(timer)
  await alone('outbox', async () => {
    wanted = false
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- in their order
      await look()
      const next = outbox.value.find((unsent) => !unsent.problem)
      // oxlint-disable-next-line no-await-in-loop -- in their order
      if (!next || !(await sendOne(next))) break
    }
  })
}

async function say({ key, chat, text, replyTo, via = '', files = [], inS = 0, sendAt = 0 }: Unsent): Promise<MessageView> {
  const attachments: readonly NewAttachment[] = await Promise.all(
    files.map(async ({ name, type, blob, description }) => ({
      name, media_type: type, description, data: await base64(blob),
    })),
  )
  const when = sendAt ? { send_at: sendAt } : { send_in_s: inS }
  const body = { text, reply_to: replyTo, attachments, ...when }
  const onPart = files.length ? (part: number): void => void (progress.value = { key, part }) : undefined
  return isPerson(chat)
    ? call('POST /people/{person}/messages', { path: { person: chat }, body: { ...body, via }, key, onPart })
    : call('POST /chats/{chat}/messages', { path: { chat }, body, key, onPart })
}

/** Whether the next one can be tried. */
async function sendOne(unsent: Unsent): Promise<boolean> {
  const { key } = unsent
  try {
    const said = await say(unsent)
    taken(said.id, key)
    if (said.state === 'scheduled') held(said, unsent.inS ?? 0, unsent.files ?? [])
    else sent(said)
    await forget('outbox', key)
    await changed()
    return true
  } catch (error) {
    const { code, message, choices } = asError(error)
    if (WAITS.has(code)) {
      window.clearTimeout(timer)
      timer = window.setTimeout(() => void flush(), AGAIN_MS)
      return false
    }
    await settle(key, message, choices)
    return true
  } finally {
    progress.value = null
  }
}
