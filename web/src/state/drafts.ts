/**
 * What is being written. Kept in this browser on every short pause and at the node after a longer one, so that neither
 * Esc nor a reload, nor another screen loses it. A slot is a chat, or `edit:` and a message, or a person, for both of
 * which the node has no place. What two screens write at the same time is merged.
 */

import { type Signal, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { asError } from '../api/errors.ts'
import { link, listen } from '../api/live.ts'
import { merge } from './merge.ts'
import { isPerson } from './places.ts'
import { alone, find, type Kept, together } from './store.ts'

const HERE_MS = 300
const NODE_MS = 2_000

/** As the browser's database has it. */
interface Written {
  readonly text: string
  /** What the node was last known to have. */
  readonly base: string
}
const NOTHING: Written = { text: '', base: '' }

/** As this tab has it. */
interface Slot {
  readonly text: Signal<string>
  /** What the database was last known to have. */
  known: string
  here: number
  node: number
  /** How many show it. */
  shown: number
}

const slots = new Map<string, Slot>()
/** Of what the node has no drafts. */
const isHere = (slot: string): boolean => slot.startsWith('edit:') || isPerson(slot)

/** What is written there, as it changes; it begins as `usual` where nothing was kept. */
export function draftOf(name: string, usual = ''): Signal<string> {
  const known = slots.get(name)
  if (known) return known.text
  const slot: Slot = { text: signal(usual), known: usual, here: 0, node: 0, shown: 0 }
  slots.set(name, slot)
  void find('drafts', name).then(
    (kept) => {
      if (kept) take(slot, (kept as Written).text)
      return sync(name)
    },
    () => {}, // a browser that keeps nothing
  )
  return slot.text
}

/** It is on the screen from now on; the answer ends that. */
export function showDraft(name: string, usual = ''): () => void {
  draftOf(name, usual)
  const slot = slots.get(name)
  if (slot) slot.shown += 1
  return () => {
    if (!slot) return
    slot.shown -= 1
    void sync(name).finally(() => {
      if (!slot.shown && !slot.here && slots.get(name) === slot) slots.delete(name)
    })
  }
}

/** Something else wrote what the database has. */
function take(slot: Slot, text: string): void {
  slot.text.value = merge(slot.known, slot.text.value, text)
  slot.known = text
}

export function saveDraft(name: string, text: string): void {
  const slot = slots.get(name)
  if (!slot || slot.text.value === text) return
  slot.text.value = text
  window.clearTimeout(slot.here)
  window.clearTimeout(slot.node)
  slot.here = window.setTimeout(() => void keepNow(name), HERE_MS)
  slot.node = window.setTimeout(() => void sync(name), NODE_MS)
}

/** Put something before what is being written. */
export async function writeBack(name: string, text: string): Promise<void> {
  const end = showDraft(name)
  await sync(name)
  const now = draftOf(name).value
  saveDraft(name, now ? `${text}\n${now}` : text)
  await keepNow(name)
  end()
}

async function keepNow(name: string): Promise<void> {
  const slot = slots.get(name)
  if (!slot) return
  window.clearTimeout(slot.here)
  slot.here = 0
  await together(['drafts'], ({ drafts }) => keepIn(drafts, name, slot))
}

async function keepIn(drafts: Kept, name: string, slot: Slot): Promise<void> {
  const kept = ((await drafts.get(name)) ?? { ...NOTHING, text: slot.known }) as Written
  take(slot, kept.text)
  slot.known = slot.text.value
  await put(drafts, name, { ...kept, text: slot.known })
}

const put = (drafts: Kept, name: string, kept: Written): Promise<unknown> =>
  kept.text || kept.base ? drafts.put(name, kept) : drafts.drop(name)

/** It was said: in the same transaction as that nothing of it is kept. The node is told when it can be. */
export async function emptyIn(drafts: Kept, name: string): Promise<void> {
  const kept = ((await drafts.get(name)) ?? NOTHING) as Written
  await put(drafts, name, { ...kept, text: '' })
  const slot = slots.get(name)
  if (!slot) return
  window.clearTimeout(slot.here)
  slot.here = 0
  slot.known = ''
}

/** A change was made: nothing of it is kept. */
export async function dropDraft(name: string): Promise<void> {
  await together(['drafts'], ({ drafts }) => emptyIn(drafts, name))
  slots.delete(name)
}

/** Bring this tab, the browser and the node together. Where the node is away, it stays here until it is back. */
export async function sync(name: string): Promise<void> {
  const slot = slots.get(name)
  if (slot?.here) await keepNow(name)
  if (isHere(name)) return
  let again = false
  await alone(`draft ${name}`, async () => {
    const { text, base } = ((await find('drafts', name)) ?? NOTHING) as Written
    const path = { chat: name }
    let both: string
    try {
      const there = (await call('GET /chats/{chat}/draft', { path })).text
      both = merge(base, text, there)
      if (both !== there) await call('PUT /chats/{chat}/draft', { path, body: { text: both, instead: there } })
    } catch (error) {
      // Another screen was faster: with what it has written.
      again = asError(error).code === 'conflict'
      return
    }
    await together(['drafts'], async ({ drafts }) => {
      const now = ((await drafts.get(name)) ?? NOTHING) as Written
      const kept = { text: merge(text, now.text, both), base: both }
      await put(drafts, name, kept)
      if (slot) take(slot, kept.text)
    })
  })
  if (again) await sync(name)
}

/** What another tab has written there. */
async function look(name: string): Promise<void> {
  const kept = (await find('drafts', name).catch(() => undefined)) as Written | undefined
  const slot = slots.get(name)
  if (slot && kept) take(slot, kept.text)
}

/** The page is being left: what waits for a pause is kept now. */
export function saveDraftsNow(): void {
  for (const [name, slot] of slots) if (slot.here) void keepNow(name)
}

/** What the node has not got yet goes there. */
async function syncAll(): Promise<void> {
  const names = await together(['drafts'], ({ drafts }) => drafts.keys(), 'readonly').catch(() => [])
  await Promise.all([...new Set([...names, ...slots.keys()])].map(sync))
}

let before = link.peek()
link.subscribe((state) => {
  if (state === 'up' && before === 'down') void syncAll()
  before = state
})
listen(({ type, data }) => {
  if (type === 'draft.changed' && slots.has(String(data['chat']))) void sync(String(data['chat']))
})
if (typeof document !== 'undefined') {
  // Another tab may have written while the node was away.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) for (const name of slots.keys()) void look(name)
  })
}
