/** What is open, a conversation or all talk with a person: a window of its messages, kept in step with the node. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { inTurn, type Rounds, rounds } from '../api/rounds.ts'
import type { AbilitiesView, MessageView, Page } from '../api/types.gen.ts'
import { copyOf, keepCopy } from './copy.ts'
import { destroy } from './deletions.ts'
import { putChat } from './inbox.ts'
import { whenSent } from './outbox.ts'
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

const TOGETHER_MS = 30
const NOTHING = rounds(() => Promise.resolve())
/** Each opening has rounds of its own; what was asked for in those of another one comes too late. */
let look = NOTHING
/** Which opening of a conversation this is. */
export const turn = (): Rounds => look

/** What is loaded, beside single messages. In the past nothing joins what is shown. */
const LOADS = {
  around: () => loadAround(),
  last: () => open.value.newer || reload(false),
  whole: () => open.value.newer || reload(true),
  present: () => reload(false),
  older: () => loadBefore(open.value.older),
  newer: () => loadAfter(open.value.newer),
}

function begin(now: Conversation): void {
  open.value = now
  seen = null
  const mine: Rounds = rounds(inTurn(LOADS, lookAt, () => mine === look), TOGETHER_MS)
  look = mine
}

/** Open a conversation, at a message of it or at its end. */
export async function openChat(chat: string, at = ''): Promise<void> {
  begin({ ...NONE, chat, chats: [chat], loading: true })
  around = at
  await look.now(at ? 'around' : 'last')
  if (isNetworks(chat)) await learn(chat)
}

/** Open all talk with a person, who is reached through these conversations. */
export async function openTalk(person: string, chats: readonly string[]): Promise<void> {
  begin({ ...NONE, chat: person, chats, loading: true })
  await look.now('last')
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

/** Close what was opened at this turn; what was opened since stays open. */
export function closeChat(at: Rounds): void {
  if (at !== look) return
  look = NOTHING
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
    if (!known.size || open.value.chat !== chat || !before(page) || messages.length >= MOST || past) return [newest(messages), before(page)]
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

/** The message at which it was opened. */
let around = ''

const loadAround = (): Promise<void> =>
  ask({ around }, ({ items: messages, prev: older, next: newer }) => {
    open.value = { ...open.value, messages, older, newer, loading: false, trouble: null }
  })

/** Fetch the last messages, and join them to what is there. */
async function reload(whole: boolean): Promise<void> {
  const mine = look
  const { chat } = open.value
  fresh.clear()
  try {
    const page = await pageOf(chat)
    if (mine !== look) return
    const [messages, older] = await joined(chat, page, whole)
    if (mine !== look) return
    const now = open.value
    const first = page.items.find((message) => message.unread && !message.mine)?.id ?? ''
    const series = now.newer ? now.series + 1 : now.series
    open.value = { ...now, messages, older, series, loading: false, trouble: null, newer: '', newFrom: now.newFrom || first }
    void markRead(chat, page)
    keepMessages()
  } catch (error) {
    await failed(error, mine)
  }
}

/** Ask for a page of what is open. It is not given where something else is open by then. */
async function ask(where: Where, take: (page: Page) => void): Promise<void> {
  const mine = look
  try {
    const page = await pageOf(open.value.chat, where)
    if (mine === look) take(page)
  } catch (error) {
    await failed(error, mine)
  }
}

/** Where nothing is shown, there may be a copy. */
async function failed(error: unknown, mine: Rounds): Promise<void> {
  const { chat, messages } = open.value
  const copy = messages.length ? undefined : ((await copyOf(`chat ${chat}`)) as Kept | undefined)
  if (mine !== look) return
  const trouble = copy ? null : asError(error)
  open.value = { ...open.value, ...copy, loading: false, trouble }
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
  if (open.value.older) await loadMore('older')
}

/** In the past: what comes after the last one that is shown. */
export async function loadNewer(): Promise<void> {
  if (open.value.newer) await loadMore('newer')
}

async function loadMore(side: 'older' | 'newer'): Promise<void> {
  if (open.value.loading) return
  open.value = { ...open.value, loading: true }
  await look.now(side)
}

const loadBefore = (first: string): unknown =>
  first &&
  ask({ before: first }, (page) => {
    open.value = { ...open.value, messages: [...unknown(page), ...open.value.messages], older: before(page), loading: false }
  })

const loadAfter = (last: string): unknown =>
  last &&
  ask({ after: last }, (page) => {
    const newer = page.items.length < PAGE ? '' : page.next
    open.value = { ...open.value, messages: [...open.value.messages, ...unknown(page)], newer, loading: false }
    if (!newer) void markRead(open.value.chat, page)
  })

/** Those of a page that are not shown yet. */
function unknown(page: Page): readonly MessageView[] {
  const known = new Set(open.value.messages.map((message) => message.id))
  return page.items.filter((message) => !known.has(message.id))
}

/** From the past to the last messages. */
export async function toPresent(): Promise<void> {
  if (open.value.newer) await look.now('present')
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

/** Put a message as the node has answered; it may be another by now. */
export function putMessage(message: MessageView): void {
  if (!open.value.chats.includes(message.chat)) return
  fresh.set(message.id, message)
  show(message)
  look.again(message.id)
}

function show(message: MessageView): void {
  const now = open.value
  const at = now.messages.findIndex((known) => known.id === message.id)
  if (at < 0 && now.newer) return void toPresent()
  open.value = { ...now, messages: at < 0 ? [...now.messages, message] : now.messages.with(at, message) }
  keepMessages()
}

async function lookAt(id: string): Promise<void> {
  const mine = look
  if (!open.value.messages.some((message) => message.id === id)) return
  try {
    const message = await call('GET /messages/{message}', { path: { message: id } })
    if (mine === look) show(message)
  } catch (error) {
    if (mine !== look || asError(error).code !== 'not-found') return
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
  await look.now(id)
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

listen(({ type, data }) => {
  const ours = data['chat'] === undefined || open.value.chats.includes(String(data['chat']))
  if (type === 'resync') look.again('whole')
  else if (type === 'message.new' && ours) look.again('last')
  else if (type.startsWith('message.') && ours) look.again(String(data['message']))
})
whenSent(putMessage)
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => void markRead(open.value.chat, seen))
}
