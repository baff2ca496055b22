/** Looking for messages, on all networks or in one conversation. What was found stays for the way back. */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import type { GapView, Hit } from '../api/types.gen.ts'

export interface Results {
  /** What was looked for; empty before the first search. */
  readonly text: string
  readonly hits: readonly Hit[]
  readonly next: string
  readonly gaps: readonly GapView[]
  readonly busy: boolean
  readonly trouble: ApiError | null
}

const NONE: Results = { text: '', hits: [], next: '', gaps: [], busy: false, trouble: null }
const PAGE = 30
const PAUSE_MS = 250

export const words = signal('')
/** The conversation in which alone is looked; empty for everywhere. */
export const within = signal('')
export const results = signal<Results>(NONE)
export const looking = computed(() => words.value.trim() !== results.value.text || results.value.busy)

let timer = 0
let turn = 0

/** Look for this after a short pause of typing. */
export function type(text: string): void {
  words.value = text
  window.clearTimeout(timer)
  timer = window.setTimeout(() => void search(), PAUSE_MS)
}

export function lookIn(chat: string): void {
  within.value = chat
  void search()
}

/** Look now. Only what was asked for last is shown. */
export async function search(): Promise<void> {
  window.clearTimeout(timer)
  const text = words.value.trim()
  const mine = (turn += 1)
  if (!text) {
    results.value = NONE
    return
  }
  results.value = { ...results.value, text, busy: true, trouble: null }
  try {
    const found = await call('POST /search', { body: { text, chat: within.value, limit: PAGE } })
    if (mine !== turn) return
    results.value = { text, hits: found.items, next: found.next, gaps: found.gaps, busy: false, trouble: null }
  } catch (error) {
    if (mine === turn) results.value = { ...NONE, text, trouble: asError(error) }
  }
}

export async function more(): Promise<void> {
  const { text, next, busy } = results.value
  if (!next || busy) return
  const mine = turn
  results.value = { ...results.value, busy: true }
  try {
    const found = await call('POST /search', { body: { text, chat: within.value, limit: PAGE, cursor: next } })
    if (mine !== turn) return
    const hits = [...results.value.hits, ...found.items]
    results.value = { ...results.value, hits, next: found.next, busy: false }
  } catch (error) {
    if (mine === turn) results.value = { ...results.value, busy: false, trouble: asError(error) }
  }
}

/** A snippet in parts: every second one is what was looked for. */
export const partsOf = (snippet: string): readonly string[] =>
  snippet.split('\u0002').flatMap((part, at) => (at ? part.split('\u0003') : [part]))
