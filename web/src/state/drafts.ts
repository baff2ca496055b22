/**
 * What is being written. Kept in this browser on every short pause and at the node after a longer one, so that neither
 * Esc nor a reload nor another screen loses it. A slot is a chat, or `edit:` and a message.
 */

import { call } from '../api/client.ts'
import { find, forget, keep } from './store.ts'

const HERE_MS = 300
const NODE_MS = 2_000

interface Slot {
  readonly text: string
  /** Whether the node has it too. */
  readonly there: boolean
}
type Timers = { here: number; node: number; text: string }

const timers = new Map<string, Timers>()

/** What was last written: here, unless the node has something newer from another screen. */
export async function loadDraft(slot: string): Promise<string> {
  const timer = timers.get(slot)
  if (timer) return timer.text
  const here = (await find('drafts', slot)) as Slot | undefined
  if (here && (!here.there || isEdit(slot))) return here.text
  if (isEdit(slot)) return ''
  try {
    return (await call('GET /chats/{chat}/draft', { path: { chat: slot } })).text
  } catch {
    return here?.text ?? ''
  }
}

export function saveDraft(slot: string, text: string): void {
  const before = timers.get(slot)
  if (before) {
    window.clearTimeout(before.here)
    window.clearTimeout(before.node)
  }
  timers.set(slot, {
    text,
    here: window.setTimeout(() => void keep('drafts', slot, { text, there: false } satisfies Slot), HERE_MS),
    node: window.setTimeout(() => void push(slot, text), NODE_MS),
  })
}

/** It was sent: nothing of it is kept. */
export async function dropDraft(slot: string): Promise<void> {
  const timer = timers.get(slot)
  window.clearTimeout(timer?.here)
  window.clearTimeout(timer?.node)
  timers.delete(slot)
  await forget('drafts', slot)
  if (!isEdit(slot)) await call('PUT /chats/{chat}/draft', { path: { chat: slot }, body: { text: '' } }).catch(() => {})
}

async function push(slot: string, text: string): Promise<void> {
  timers.delete(slot)
  await keep('drafts', slot, { text, there: false } satisfies Slot)
  if (isEdit(slot)) return
  try {
    await call('PUT /chats/{chat}/draft', { path: { chat: slot }, body: { text } })
    if (!timers.has(slot)) await keep('drafts', slot, { text, there: true } satisfies Slot)
  } catch {
    // The node is away: it stays here, and counts until the next change.
  }
}

/** The page is being left: what waits for a pause is kept now. */
export function saveDraftsNow(): void {
  for (const [slot, { text, here }] of timers) {
    window.clearTimeout(here)
    void keep('drafts', slot, { text, there: false } satisfies Slot)
  }
}

const isEdit = (slot: string): boolean => slot.startsWith('edit:')
