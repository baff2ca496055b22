/** The conversation that is open: a window of its messages, kept in step with the node. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import type { AbilitiesView, MessageView, Page } from '../api/types.gen.ts'
import { putChat } from './inbox.ts'

const PAGE = 60

export interface Conversation {
  readonly chat: string
  readonly messages: readonly MessageView[]
  /** Where older messages begin; empty at the beginning. */
  readonly older: string
  /** The first message that was unread when it was opened. */
  readonly newFrom: string
  readonly loading: boolean
  readonly trouble: ApiError | null
  /** What its network allows; null for conversations of the node's own, where all is allowed. */
  readonly abilities: AbilitiesView | null
}

const NONE: Conversation = {
  chat: '', messages: [], older: '', newFrom: '', loading: false, trouble: null, abilities: null,
}
export const open = signal<Conversation>(NONE)

export async function openChat(chat: string): Promise<void> {
  open.value = { ...NONE, chat, loading: true }
  await reload(chat)
  if (chat.startsWith('b') && open.value.chat === chat) {
    const abilities = await call('GET /chats/{chat}/abilities', { path: { chat } }).catch(() => null)
    if (open.value.chat === chat) open.value = { ...open.value, abilities }
  }
}

export function closeChat(): void {
  open.value = NONE
}

/** Where to go on before a page; a page that is not full is the first one. */
const before = (page: Page): string => (page.items.length < PAGE ? '' : page.prev)

/** Fetch the last messages, and join them to what is there. */
async function reload(chat: string): Promise<void> {
  try {
    const page = await call('GET /chats/{chat}/messages', { path: { chat }, query: { limit: PAGE } })
    const now = open.value
    if (now.chat !== chat) return
    const joint = now.messages.findIndex((message) => message.id === page.items[0]?.id)
    const messages = joint < 0 ? page.items : [...now.messages.slice(0, joint), ...page.items]
    const first = page.items.find((message) => message.unread && !message.mine)?.id ?? ''
    open.value = {
      ...now, messages, loading: false, trouble: null,
      older: joint < 0 ? before(page) : now.older,
      newFrom: now.newFrom || first,
    }
    await markRead(chat, page.items)
  } catch (error) {
    if (open.value.chat === chat) open.value = { ...open.value, loading: false, trouble: asError(error) }
  }
}

export async function loadOlder(): Promise<void> {
  const { chat, older, loading } = open.value
  if (!older || loading) return
  open.value = { ...open.value, loading: true }
  try {
    const page = await call('GET /chats/{chat}/messages', { path: { chat }, query: { before: older, limit: PAGE } })
    const now = open.value
    if (now.chat !== chat) return
    const known = new Set(now.messages.map((message) => message.id))
    const earlier = page.items.filter((message) => !known.has(message.id))
    open.value = { ...now, messages: [...earlier, ...now.messages], older: before(page), loading: false }
  } catch (error) {
    if (open.value.chat === chat) open.value = { ...open.value, loading: false, trouble: asError(error) }
  }
}

/** What is on the screen of somebody who looks has been read. */
async function markRead(chat: string, messages: readonly MessageView[]): Promise<void> {
  const last = messages.findLast((message) => message.unread && !message.mine)
  if (!last || document.hidden) return
  try {
    putChat(await call('POST /chats/{chat}/read', { path: { chat }, body: { up_to: last.id } }))
  } catch {
    // It stays unread, and is marked with the next one.
  }
}

/** Put a message as the node has just shown it. */
export function putMessage(message: MessageView): void {
  const now = open.value
  if (message.chat !== now.chat) return
  const at = now.messages.findIndex((known) => known.id === message.id)
  const messages = at < 0 ? [...now.messages, message] : now.messages.with(at, message)
  open.value = { ...now, messages }
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

/** Whether something can be done in this conversation. */
export function can(feature: string): boolean {
  const { abilities, chat } = open.value
  if (!chat.startsWith('b')) return true
  return ['full', 'partial', 'fallback'].includes(abilities?.levels[feature] ?? '')
}

let timer = 0
const TOGETHER_MS = 30

listen(({ type, data }) => {
  const { chat } = open.value
  if (!chat) return
  const ours = data['chat'] === undefined || String(data['chat']) === chat
  if (type === 'resync' || (type === 'message.new' && ours)) {
    timer ||= window.setTimeout(() => {
      timer = 0
      void reload(open.value.chat)
    }, TOGETHER_MS)
  } else if (type.startsWith('message.') && ours) void lookAt(String(data['message']))
})
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => void markRead(open.value.chat, open.value.messages))
}
