/**
 * A copy of what was read, for while the node is away: the list of conversations, and of each that was opened its last
 * messages. It lies in this browser, as long as its owner chose; messages that disappear are never in it.
 */

import { effect, signal } from '@preact/signals'

import { listen } from '../api/live.ts'
import { dayTime, t } from '../text/t.ts'
import { recall, remember } from './settings.ts'
import { all, clear, find, forget, keep, together } from './store.ts'

/** Days; `stay` is until this browser is disconnected, `none` keeps nothing. */
export type KeptFor = 'stay' | '30' | '7' | 'none'
export const KEPT_FOR: readonly KeptFor[] = ['stay', '30', '7', 'none']

interface Copy {
  /** Milliseconds of this browser's clock. */
  readonly at: number
  readonly data: unknown
}

const said = recall('copy') as KeptFor | null
export const keptFor = signal<KeptFor>(said && KEPT_FOR.includes(said) ? said : 'stay')
effect(() => {
  remember('copy', keptFor.value)
  if (keptFor.value === 'none') void clear('copy').catch(() => {})
})

/** Milliseconds at which the node said what is shown from the copy; 0 while it speaks for itself. */
export const shownFrom = signal(0)

/** When the node said what is shown; nothing while it speaks for itself. */
export const asOf = (): string => (shownFrom.value ? t('offline.as-of', { at: dayTime(shownFrom.value / 1000) }) : '')

const DAY_MS = 24 * 3600 * 1000
const MOST = 200
const PAUSE_MS = 1_000
const timers = new Map<string, number>()
/** In all tabs at once: what one of them has just heard is not kept after another one has locked the node. */
const keeping = (): boolean => recall('copying') !== 'no'

const old = ({ at }: Copy): boolean => Date.now() - at > (Number(keptFor.value) || Infinity) * DAY_MS

/** Keep something as the node has just said it, after a pause in which it does not change. */
export function keepCopy(name: string, data: unknown): void {
  shownFrom.value = 0
  if (keptFor.value === 'none' || !keeping()) return
  window.clearTimeout(timers.get(name))
  const put = (): void => {
    timers.delete(name)
    if (keeping()) keep('copy', name, { at: Date.now(), data } satisfies Copy).catch(() => {})
  }
  timers.set(name, window.setTimeout(put, PAUSE_MS))
}

/** What the node said last, if that is still to be shown. */
export async function copyOf(name: string): Promise<unknown> {
  const copy = (await find('copy', name).catch(() => undefined)) as Copy | undefined
  if (!copy || old(copy) || keptFor.value === 'none') return undefined
  shownFrom.value = copy.at
  return copy.data
}

export async function dropCopy(name: string): Promise<void> {
  window.clearTimeout(timers.get(name))
  timers.delete(name)
  await forget('copy', name).catch(() => {})
}

/** The copies of a node that is being locked or left are destroyed, and none is made until `keepCopies`. */
export async function dropCopies(): Promise<void> {
  remember('copying', 'no')
  for (const timer of timers.values()) window.clearTimeout(timer)
  timers.clear()
  await clear('copy').catch(() => {})
}

/** Copies are made from now on. */
export const keepCopies = (): void => remember('copying', 'yes')

/** Those that are too old are destroyed, and of too many the oldest. */
export async function tidyCopies(): Promise<void> {
  const copies = ((await all('copy').catch(() => [])) as Copy[]).map(({ at }) => at).toSorted((a, b) => b - a)
  const from = copies[MOST] ?? 0
  await together(['copy'], async ({ copy }) => {
    for (const name of await copy.keys()) {
      // oxlint-disable-next-line no-await-in-loop -- within one transaction
      const kept = (await copy.get(name)) as Copy
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (old(kept) || kept.at <= from) await copy.drop(name)
    }
  })
}

listen(({ type, data }) => {
  if (type === 'message.deleted') void dropCopy(`chat ${data['chat']}`)
})
