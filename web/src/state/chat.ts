/** What is open, a conversation or all talk with a person: a window of its messages, kept in step with the node. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import type { AbilitiesView, MessageView, Page } from '../api/types.gen.ts'
import { putChat } from './inbox.ts'
import { isPerson } from './places.ts'

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
  chat: '', chats: [], messages: [], older: '', newer: '', newFrom: '', loading: false, trouble: null, abilities: null,
  each: {},
}
export const open = signal<Conversation>(NONE)

/** Open a conversation, at a message of it or at its end. */
export async function openChat(chat: string, at = ''): Promise<void> {
  open.value = { ...NONE, chat, chats: [chat], loading: true }
  await reload(chat, at)
  if (isNetworks(chat)) await learn(chat)
}

/** Open all talk with a person, who is reached through these conversations. */
export async function openTalk(person: string, chats: readonly string[]): Promise<void> {
  open.value = { ...NONE, chat: person, chats, loading: true }
  await reload(person)
  await Promise.all(chats.filter(isNetworks).map(learn))
}

const isNetworks = (chat: string): boolean => chat.startsWith('b')

async function learn(chat: string): Promise<void> {
  const can = await call('GET /chats/{chat}/abilities', { path: { chat } }).catch(() => null)
  const now = open.value
  if (!can || !now.chats.includes(chat)) return
  open.value = { ...now, each: { ...now.each, [chat]: can }, abilities: now.chat === chat ? can : now.abilities }
}

export function closeChat(): void {
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

/** Fetch the last messages, or those around one, and join them to what is there. */
async function reload(chat: string, at = ''): Promise<void> {
  try {
    const page = await pageOf(chat, at ? { around: at } : {})
    const now = open.value
    if (now.chat !== chat) return
    if (at) {
      const { items: messages, prev: older, next: newer } = page
      open.value = { ...now, messages, older, newer, loading: false, trouble: null }
      return
    }
    const joint = now.messages.findIndex((message) => message.id === page.items[0]?.id)
    const messages = joint < 0 ? page.items : [...now.messages.slice(0, joint), ...page.items]
    const first = page.items.find((message) => message.unread && !message.mine)?.id ?? ''
    open.value = {
      ...now, messages, loading: false, trouble: null, newer: '',
      older: joint < 0 ? before(page) : now.older,
      newFrom: now.newFrom || first,
    }
    await markRead(chat, page)
  } catch (error) {
    if (open.value.chat === chat) open.value = { ...open.value, loading: false, trouble: asError(error) }
  }
}

export async function loadOlder(): Promise<void> {
  const { chat, older, loading } = open.value
  if (!older || loading) return
  open.value = { ...open.value, loading: true }
  try {
    const page = await pageOf(chat, { before: older })
    const now = open.value
    if (now.chat !== chat) return
    const known = new Set(now.messages.map((message) => message.id))
    const earlier = page.items.filter((message) => !known.has(message.id))
    open.value = { ...now, messages: [...earlier, ...now.messages], older: before(page), loading: false }
  } catch (error) {
    if (open.value.chat === chat) open.value = { ...open.value, loading: false, trouble: asError(error) }
  }
}

/** In the past: what comes after the last one that is shown. */
export async function loadNewer(): Promise<void> {
  const { chat, newer, loading } = open.value
  if (!newer || loading) return
  open.value = { ...open.value, loading: true }
  try {
    const page = await pageOf(chat, { after: newer })
    const now = open.value
    if (now.chat !== chat) return
    const known = new Set(now.messages.map((message) => message.id))
    const later = page.items.filter((message) => !known.has(message.id))
    const next = page.items.length < PAGE ? '' : page.next
    open.value = { ...now, messages: [...now.messages, ...later], newer: next, loading: false }
    if (!next) await markRead(chat, page)
  } catch (error) {
    if (open.value.chat === chat) open.value = { ...open.value, loading: false, trouble: asError(error) }
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
  const at = now.messages.findIndex((known) => known.id === message.id)
  if (at < 0 && now.newer) void toPresent()
  else open.value = { ...now, messages: at < 0 ? [...now.messages, message] : now.messages.with(at, message) }
}

async function lookAt(id: string): Promise<void> {
  if (!open.value.messages.some((message) => message.id === id)) return
  try {
    putMessage(await call('GET /messages/{message}', { path: { message: id } }))
  } catch (error) {
    if (asError(error).code !== 'not-found') return
    open.value = { ...open.value, messages: open.value.messages.filter((message) => message.id !== id) }
  }
}

// What people do to messages

export async function edit(id: string, text: string): Promise<void> {
  putMessage(await call('PATCH /messages/{message}', { path: { message: id }, body: { text } }))
}

export async function react(id: string, symbol: string): Promise<void> {
  putMessage(await call('PUT /messages/{message}/reaction', { path: { message: id }, body: { symbol } }))
}

export async function remove(id: string, everywhere: boolean): Promise<void> {
  await call('POST /deletions', { body: { ids: [id], everywhere } })
  await lookAt(id)
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
const TOGETHER_MS = 30

listen(({ type, data }) => {
  const { chat, chats } = open.value
  if (!chat) return
  const ours = data['chat'] === undefined || chats.includes(String(data['chat']))
  if (type === 'resync' || (type === 'message.new' && ours)) {
    timer ||= window.setTimeout(() => {
      timer = 0
      if (!open.value.newer) void reload(open.value.chat)
    }, TOGETHER_MS)
  } else if (type.startsWith('message.') && ours) void lookAt(String(data['message']))
})
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => void markRead(open.value.chat, seen))
}
