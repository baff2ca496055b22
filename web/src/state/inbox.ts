/** All conversations of all networks, the latest first. */

import { computed, effect, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { ChatView } from '../api/types.gen.ts'
import { titleOf } from '../text/t.ts'
import { copyOf, keepCopy } from './copy.ts'
import { status } from './session.ts'

export type Filter = 'all' | 'unread'

const chats = signal<ReadonlyMap<string, ChatView>>(new Map())
export const loaded = signal(false)
export const inboxTrouble = signal<ApiError | null>(null)
export const filter = signal<Filter>('all')

/** Conversations; what is only read (timelines, lists) is not among them. */
export const inbox = computed(() =>
  [...chats.value.values()]
    .filter((chat) => ['direct', 'group', 'channel', 'feed'].includes(chat.kind))
    .toSorted((a, b) => b.last_at - a.last_at || titleOf(a).localeCompare(titleOf(b))),
)
/** What is only read. */
export const reading = computed(() =>
  [...chats.value.values()]
    .filter((chat) => ['timeline', 'list', 'feed', 'notifications'].includes(chat.kind))
    .toSorted((a, b) => titleOf(a).localeCompare(titleOf(b))),
)
export const shown = computed(() =>
  filter.value === 'unread' ? inbox.value.filter((chat) => chat.unread > 0) : inbox.value,
)
export const unread = computed(() => inbox.value.reduce((sum, chat) => sum + chat.unread, 0))
export const chatOf = (id: string): ChatView | undefined => chats.value.get(id)

const look = rounds((ids) => (ids.includes('') ? fetchAll() : Promise.all(ids.map(lookAt))))
export const loadInbox = (): Promise<void> => look.now()

async function fetchAll(): Promise<void> {
  try {
    const { items } = await call('GET /chats')
    chats.value = new Map(items.map((chat) => [chat.id, chat]))
    loaded.value = true
    inboxTrouble.value = null
  } catch (error) {
    const copy = loaded.value ? undefined : ((await copyOf('inbox')) as readonly ChatView[] | undefined)
    if (!copy) return void (inboxTrouble.value = asError(error))
    chats.value = new Map(copy.map((chat) => [chat.id, chat]))
    loaded.value = true
  }
}

effect(() => {
  if (chats.value.size && status.value) keepCopy('inbox', [...chats.value.values()])
})

/** Put a conversation as the node has answered; it may be another by now. */
export function putChat(chat: ChatView): void {
  put(chat)
  look.again(chat.id)
}

const put = (chat: ChatView): void => void (chats.value = new Map(chats.value).set(chat.id, chat))

/** Come into a conversation of a network, or decline to; one that is declined is no longer there. */
export async function answerInvitation(chat: string, comes: boolean): Promise<void> {
  try {
    const now = await call(comes ? 'POST /chats/{chat}/join' : 'POST /chats/{chat}/leave', { path: { chat } })
    if (comes) putChat(now)
  } finally {
    await loadInbox() // it may have been withdrawn
  }
}

async function lookAt(id: string): Promise<void> {
  try {
    put(await call('GET /chats/{chat}', { path: { chat: id } }))
  } catch (error) {
    if (asError(error).code !== 'not-found') return
    const left = new Map(chats.value)
    left.delete(id)
    chats.value = left
  }
}

listen(({ type, data }) => {
  // An invitation that is over is no longer there to be looked at.
  if (['resync', 'bridge.removed', 'chat.invited'].includes(type) || type.startsWith('contact.')) look.again()
  else if (data['chat'] !== undefined && type !== 'message.state') look.again(String(data['chat']))
})
