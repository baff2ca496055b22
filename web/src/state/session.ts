/** Who we are to the node, and what it can do at the moment; the page shows one of its stages. */

import { signal } from '@preact/signals'

import { call, setCsrf } from '../api/client.ts'
import { asError, type ApiError, UNREACHABLE } from '../api/errors.ts'
import { link, listen, startLive } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { NewPersona, Restoring, StatusView } from '../api/types.gen.ts'
import { dropCopies, keepCopies, keptFor, tidyCopies } from './copy.ts'
import { recall, remember } from './settings.ts'
import { clear, openStore } from './store.ts'

export type Stage = 'loading' | 'unreachable' | 'pair' | 'locked' | 'start' | 'ready'

export const stage = signal<Stage>('loading')
export const status = signal<StatusView | null>(null)
export const trouble = signal<ApiError | null>(null)
/** While a new persona's words are shown and checked, the page stays with them though the node is ready. */
export const starting = signal(false)

let persona = ''
/** Whether the node has said that it can be read, and nothing else since. */
let readable = false
let timer = 0
const AGAIN_MS = 2_000

/** Find out where we stand; asks again by itself while the node does not answer. */
export const refresh = (): Promise<void> => look.now()

const look = rounds(async () => {
  window.clearTimeout(timer)
  try {
    setCsrf((await call('GET /session')).csrf)
    show(await call('GET /status'))
  } catch (error) {
    const problem = asError(error)
    trouble.value = problem
    if (problem.code !== UNREACHABLE) readable = false
    if (problem.code === 'unauthorized' || problem.code === 'locked') await leaveNothing()
    if (problem.code === 'unauthorized') stage.value = 'pair'
    else if (problem.code === 'locked') stage.value = 'locked'
    else {
      // What is on the screen stays readable while the node is away.
      if (stage.value !== 'ready') stage.value = problem.code === UNREACHABLE && copied() ? 'ready' : 'unreachable'
      if (problem.code === UNREACHABLE) timer = window.setTimeout(() => void refresh(), AGAIN_MS)
    }
  }
})

/** Without the node: whether there is a copy of what it said. */
function copied(): boolean {
  const known = recall('persona')
  if (!known || keptFor.value === 'none') return false
  if (persona !== known) openStore((persona = known))
  startLive()
  return true
}

/** Whom the node does not let in has nothing to read here either, whoever locked it or took this screen's right away. */
async function leaveNothing(): Promise<void> {
  const known = recall('persona')
  if (known && persona !== known) openStore((persona = known))
  await dropCopies()
}

function show(view: StatusView): void {
  status.value = view
  trouble.value = null
  if (view.state === 'empty') stage.value = 'start'
  else if (view.state === 'locked') {
    readable = false
    stage.value = 'locked'
    void leaveNothing()
  } else {
    if (persona !== view.persona) openStore((persona = view.persona))
    startLive()
    if (!readable) keepCopies() // and not with each answer: another tab may be locking it
    readable = true
    void tidyCopies().catch(() => {})
    stage.value = starting.value ? 'start' : 'ready'
  }
}

listen((event) => {
  if (event.type === 'resync' || /^(node|relay|queue|bridge)\./.test(event.type)) look.again()
})

// A node that was started again may be locked, or not know this browser any more; and another tab may unlock it.
link.subscribe((state) => {
  if (state === 'down' ? stage.value === 'ready' : state === 'up' && stage.value !== 'ready') void refresh()
})

export async function pair(code: string): Promise<void> {
  const label = browserName(navigator.userAgent)
  setCsrf((await call('POST /session', { body: { code, label } })).csrf)
  await refresh()
}

/** How this browser is called in the list of devices. */
export function browserName(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent)?.[1] ?? 'Browser'
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(agent)?.[1]
  const known: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' }
  return [known[browser] ?? browser, system].filter(Boolean).join(', ')
}

export async function unlock(passphrase: string): Promise<void> {
  await call('POST /unlock', { body: { passphrase } })
  await refresh()
}

/** What lies in this browser goes first: when the page says "locked", there is nothing left to read. */
export async function lock(): Promise<void> {
  try {
    await dropCopies()
    await call('POST /lock')
  } catch (error) {
    keepCopies()
    throw error
  } finally {
    await refresh()
  }
}

/** Be called something else. */
export async function renameSelf(name: string): Promise<void> {
  await call('PATCH /identity', { body: { name } })
  await refresh()
}

/** Make a persona; its 24 words come once, and the page stays in the start until `finishStart`. */
export async function createPersona(asked: NewPersona): Promise<readonly string[]> {
  starting.value = true
  try {
    const { words } = await call('POST /identity', { body: asked })
    await refresh()
    return words
  } catch (error) {
    starting.value = false
    throw error
  }
}

/** With a backup, that is sent first; `onPart` hears how much of it has left, from 0 to 1. */
export async function restorePersona(asked: Restoring, backup: Blob | null, onPart: (part: number) => void): Promise<void> {
  if (backup) await call('PUT /identity/backup', { file: backup, onPart })
  await call('POST /identity/restore', { body: { ...asked, uploaded: backup !== null } })
  await refresh()
}

export async function checkWords(words: Record<string, string>): Promise<boolean> {
  return (await call('POST /identity/words/check', { body: { words } })).right
}

export function finishStart(): void {
  starting.value = false
  void refresh()
}

/** End this session; nothing of the node's stays in this browser. */
export async function signOut(): Promise<void> {
  await call('DELETE /session')
  await Promise.all([clear('outbox'), clear('drafts'), dropCopies()])
  remember('persona', '')
  window.location.assign('/')
}
