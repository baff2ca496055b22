/** What is open, a conversation or all talk with a person: a window of its messages, kept in step with the node. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import type { AbilitiesView, MessageView, Page } from '../api/types.gen.ts'
import { copyOf, keepCopy } from './copy.ts'
import { destroy } from './deletions.ts'
import { putChat } from './inbox.ts'
import { isPerson } from './places.ts'
import { join } from './window.ts'

const PAGE = 60

export interface Conversation {
  /** A conversation, or a person. */
  readonly chat: string
  /** The conversations of which messages are shown. */
  readonly chats: readonly string[]
  readonly messages: readonly MessageView[]
  /** Where older messages begin; empty at the beginning. */
  readonly older: string
  /** Where newer ones go on, when it was opened somewhere in the past; empty at the present. */
  readonly newer: string
  /** Another number where other messages are shown than before, and not more of the same. */
  readonly series: number
  /** The first message that was unread when it was opened. */
  readonly newFrom: string
  readonly loading: boolean
  readonly trouble: ApiError | null
  /** What its network allows; null for conversations of the node's own, where all is allowed, and for a person. */
  readonly abilities: AbilitiesView | null
  /** The same for each of the conversations. */
  readonly each: Readonly<Record<string, AbilitiesView>>
}

const NONE: Conversation = {
  chat: '', chats: [], messages: [], older: '', newer: '', series: 0, newFrom: '', loading: false, trouble: null, abilities: null,
  each: {},
}
export const open = signal<Conversation>(NONE)

/** Open a conversation, at a message of it or at its end. */
export async function openChat(chat: string, at = ''): Promise<void> {
  turns += 1
  open.value = { ...NONE, chat, chats: [chat], loading: true }
  await reload(chat, at)
  if (isNetworks(chat)) await learn(chat)
}

/** Open all talk with a person, who is reached through these conversations. */
export async function openTalk(person: string, chats: readonly string[]): Promise<void> {
  turns += 1
  open.value = { ...NONE, chat: person, chats, loading: true }
  await reload(person)
  await Promise.all(chats.filter(isNetworks).map(learn))
}

const isNetworks = (chat: string): boolean => chat.startsWith('b')

async function learn(chat: string): Promise<void> {
  const abilities = await call('GET /chats/{chat}/abilities', { path: { chat } }).catch(() => null)
  const now = open.value
  if (!abilities || !now.chats.includes(chat)) return
  const each = { ...now.each, [chat]: abilities }
  open.value = { ...now, each, abilities: now.chat === chat ? abilities : now.abilities }
}

let turns = 0
/** Which opening of a conversation this is; an answer that was asked for in another one comes too late. */
export const turn = (): number => turns

/** Close what was opened at this turn; what was opened since stays open. */
export function closeChat(at: number): void {
  if (at !== turns) return
  turns += 1
  open.value = NONE
  seen = null
}

/** Where to go on before a page; a page that is not full is the first one. */
const before = (page: Page): string => (page.items.length < PAGE ? '' : page.prev)

type Where = { readonly before?: string; readonly after?: string; readonly around?: string }

function pageOf(chat: string, where: Where = {}): Promise<Page> {
  const query = { ...where, limit: PAGE }
  return isPerson(chat)
    ? call('GET /people/{person}/messages', { path: { person: chat }, query })
    : call('GET /chats/{chat}/messages', { path: { chat }, query })
}

const MOST = 2_000
/** What the node has shown while pages were on their way: newer than those. */
const fresh = new Map<string, MessageView>()

/**
 * The last page, and those before it back to what is known; `whole` goes back to the first that is. So what one reads
 * stays, however much came meanwhile. Gives the messages, and where older ones begin.
 */
async function joined(chat: string, last: Page, whole: boolean): Promise<readonly [readonly MessageView[], string]> {
  let messages = last.items
  let page = last
  for (;;) {
    const { messages: shown, older } = open.value
    const all = join(shown, messages, { begins: !older, whole })
    if (all) return [newest(all), older]
    // Where the first one is gone, what lies before all that is left of them is far enough.
    const known = new Set(shown.map(({ id }) => id))
    const past = messages.some(({ id }) => known.has(id)) && !page.items.some(({ id }) => known.has(id))
    if (!known.size || !before(page) || messages.length >= MOST || past) return [newest(messages), before(page)]
    // oxlint-disable-next-line no-await-in-loop -- each page says where the one before it is
    page = await pageOf(chat, { before: before(page) })
    messages = [...page.items, ...messages]
  }
}

/** With what was shown while they were on their way. */
function newest(messages: readonly MessageView[]): readonly MessageView[] {
  const ids = new Set(messages.map((message) => message.id))
  const later = open.value.messages.filter(({ id }) => fresh.has(id) && !ids.has(id))
  return [...messages.map((message) => fresh.get(message.id) ?? message), ...later]
}

let asked = 0
let answered = 0

/** Fetch the last messages, or those around one, and join them to what is there; an answer that was passed by is old. */
async function reload(chat: string, at = '', whole = false): Promise<void> {
  const mine = turns
  const ask = (asked += 1)
  fresh.clear()
  try {
    const page = await pageOf(chat, at ? { around: at } : {})
    const now = open.value
    if (mine !== turns) return
    if (at) {
      const { items: messages, prev: older, next: newer } = page
      open.value = { ...now, messages, older, newer, loading: false, trouble: null }
      return
    }
    const [messages, older] = await joined(chat, page, whole)
    if (mine !== turns) return
    if (ask < answered) {
      if (whole) await reload(chat, at, whole)
      return
    }
    answered = ask
    const first = page.items.find((message) => message.unread && !message.mine)?.id ?? ''
    const series = now.newer ? now.series + 1 : now.series
    open.value = { ...open.value, messages, older, series, loading: false, trouble: null, newer: '', newFrom: now.newFrom || first }
    await markRead(chat, page)
    keepMessages()
  } catch (error) {
    const copy = open.value.messages.length ? undefined : ((await copyOf(`chat ${chat}`)) as Kept | undefined)
    if (mine !== turns) return
    const trouble = copy ? null : asError(error)
    open.value = { ...open.value, ...copy, loading: false, trouble }
  }
}

type Kept = Pick<Conversation, 'messages' | 'abilities' | 'each'>
const COPIED = 200

/** What can be read while the node is away; what disappears is not among it. */
function keepMessages(): void {
  const { chat, newer, messages, abilities, each } = open.value
  if (!chat || newer) return
  const lasting = messages.filter((message) => message.expires_in_s === null).slice(-COPIED)
  keepCopy(`chat ${chat}`, { messages: lasting, abilities, each } satisfies Kept)
}

export async function loadOlder(): Promise<void> {
  const mine = turns
  const { chat, older, loading } = open.value
  if (!older || loading) return
  open.value = { ...open.value, loading: true }
  try {
    const page = await pageOf(chat, { before: older })
    const now = open.value
    if (mine !== turns) return
    const known = new Set(now.messages.map((message) => message.id))
    const earlier = page.items.filter((message) => !known.has(message.id))
    open.value = { ...now, messages: [...earlier, ...now.messages], older: before(page), loading: false }
  } catch (error) {
    if (mine === turns) open.value = { ...open.value, loading: false, trouble: asError(error) }
  }
}

/** In the past: what comes after the last one that is shown. */
export async function loadNewer(): Promise<void> {
  const mine = turns
  const { chat, newer, loading } = open.value
  if (!newer || loading) return
  open.value = { ...open.value, loading: true }
  try {
    const page = await pageOf(chat, { after: newer })
    const now = open.value
    if (mine !== turns) return
    const known = new Set(now.messages.map((message) => message.id))
    const later = page.items.filter((message) => !known.has(message.id))
    const next = page.items.length < PAGE ? '' : page.next
    open.value = { ...now, messages: [...now.messages, ...later], newer: next, loading: false }
    if (!next) await markRead(chat, page)
  } catch (error) {
    if (mine === turns) open.value = { ...open.value, loading: false, trouble: asError(error) }
  }
}

/** From the past to the last messages. */
export async function toPresent(): Promise<void> {
  const { chat, newer } = open.value
  if (newer) await reload(chat)
}

let seen: Page | null = null

/** What is on the screen of somebody who looks has been read. */
async function markRead(chat: string, page: Page | null): Promise<void> {
  seen = page
  const last = page?.items.findLast((message) => message.unread && !message.mine)
  if (!page || !last || document.hidden || open.value.chat !== chat) return
  try {
    if (isPerson(chat)) await call('POST /people/{person}/read', { path: { person: chat }, body: { up_to: page.next } })
    else putChat(await call('POST /chats/{chat}/read', { path: { chat }, body: { up_to: last.id } }))
  } catch {
    // It stays unread, and is marked with the next one.
  }
}

/** Put a message as the node has just shown it. */
export function putMessage(message: MessageView): void {
  const now = open.value
  if (!now.chats.includes(message.chat)) return
  fresh.set(message.id, message)
  const at = now.messages.findIndex((known) => known.id === message.id)
  if (at < 0 && now.newer) void toPresent()
  else {
    open.value = { ...now, messages: at < 0 ? [...now.messages, message] : now.messages.with(at, message) }
    keepMessages()
  }
}

async function lookAt(id: string): Promise<void> {
  if (!open.value.messages.some((message) => message.id === id)) return
  try {
    putMessage(await call('GET /messages/{message}', { path: { message: id } }))
  } catch (error) {
    if (asError(error).code !== 'not-found') return
    open.value = { ...open.value, messages: open.value.messages.filter((message) => message.id !== id) }
    keepMessages()
  }
}

// What people do to messages

export async function edit(id: string, text: string): Promise<void> {
  putMessage(await call('PATCH /messages/{message}', { path: { message: id }, body: { text } }))
}

export async function react(id: string, symbol: string): Promise<void> {
  putMessage(await call('PUT /messages/{message}/reaction', { path: { message: id }, body: { symbol } }))
}

/** Gives the id under which it can be followed what becomes of it. */
export async function remove(id: string, everywhere: boolean): Promise<string> {
  const deletion = await destroy([id], everywhere)
  await lookAt(id)
  return deletion
}

export async function vote(id: string, choices: readonly string[]): Promise<void> {
  putMessage(await call('POST /messages/{message}/vote', { path: { message: id }, body: { choices } }))
}

export async function resend(id: string): Promise<void> {
  putMessage(await call('POST /messages/{message}/resend', { path: { message: id } }))
}

export async function cancel(id: string): Promise<void> {
  putMessage(await call('POST /messages/{message}/cancel', { path: { message: id } }))
}

export async function confirmSent(id: string): Promise<void> {
  putMessage(await call('POST /messages/{message}/confirm', { path: { message: id } }))
}

/** Whether something can be done in a conversation; without one, in the one that is open. */
export function can(feature: string, chat = open.value.chat): boolean {
  if (!isNetworks(chat)) return true
  return ['full', 'partial', 'fallback'].includes(open.value.each[chat]?.levels[feature] ?? '')
}

let timer = 0
let whole = false
const TOGETHER_MS = 30

listen(({ type, data }) => {
  const { chat, chats } = open.value
  if (!chat) return
  const ours = data['chat'] === undefined || chats.includes(String(data['chat']))
  if (type === 'resync' || (type === 'message.new' && ours)) {
    whole ||= type === 'resync'
    timer ||= window.setTimeout(() => {
      timer = 0
      if (!open.value.newer) void reload(open.value.chat, '', whole)
      whole = false
    }, TOGETHER_MS)
  } else if (type.startsWith('message.') && ours) void lookAt(String(data['message']))
})
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => void markRead(open.value.chat, seen))
}
