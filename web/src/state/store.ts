/**
 * What this browser keeps: texts that are not at the node yet, and a copy of what was read. One database for each
 * persona, so that another home at the same address never sees what was meant for this one.
 */

import { remember } from './settings.ts'

const STORES = ['outbox', 'drafts', 'copy'] as const
export type StoreName = (typeof STORES)[number]

let open: Promise<IDBDatabase> | undefined

/** Use the database of this persona. */
export function openStore(persona: string): void {
  remember('persona', persona)
  open = new Promise((done, failed) => {
    const request = indexedDB.open(`swarmnode ${persona}`, 2)
    request.onupgradeneeded = () => {
      const { result } = request
      for (const name of STORES) if (!result.objectStoreNames.contains(name)) result.createObjectStore(name)
    }
    request.onsuccess = () => {
      // A newer page in another tab wants to change it: it may.
      request.result.onversionchange = () => request.result.close()
      done(request.result)
    }
    request.onerror = () => failed(request.error ?? new Error('This browser keeps nothing.'))
  })
}

/** A store within a transaction; nothing else may be awaited in there, else it ends. */
export interface Kept {
  readonly get: (key: string) => Promise<unknown>
  readonly all: () => Promise<unknown[]>
  readonly keys: () => Promise<string[]>
  readonly put: (key: string, value: unknown) => Promise<unknown>
  readonly drop: (key: string) => Promise<unknown>
  readonly clear: () => Promise<unknown>
}

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error ?? new Error('This browser could not keep it.'))
  })

const kept = (store: IDBObjectStore): Kept => ({
  get: (key) => answer(store.get(key)),
  all: () => answer(store.getAll()),
  keys: () => answer(store.getAllKeys()) as Promise<string[]>,
  put: (key, value) => answer(store.put(value, key)),
  drop: (key) => answer(store.delete(key)),
  clear: () => answer(store.clear()),
})

/** Do several things as one: all of it is on the disk when this returns, or nothing was done. */
export async function together<N extends StoreName, T>(
  names: readonly N[],
  work: (stores: Readonly<Record<N, Kept>>) => Promise<T>,
  mode: IDBTransactionMode = 'readwrite',
): Promise<T> {
  if (!open) throw new Error('No store is open.')
  const transaction = (await open).transaction(names, mode, { durability: 'strict' })
  const ended = new Promise<void>((done, failed) => {
    transaction.oncomplete = () => done()
    transaction.onabort = () => failed(transaction.error ?? new Error('This browser could not keep it.'))
  })
  const stores = Object.fromEntries(names.map((name) => [name, kept(transaction.objectStore(name))]))
  const [result] = await Promise.all([work(stores as Record<N, Kept>), ended])
  return result
}

export const keep = (name: StoreName, key: string, value: unknown) => together([name], (s) => s[name].put(key, value))
export const forget = (name: StoreName, key: string) => together([name], (s) => s[name].drop(key))
export const find = (name: StoreName, key: string): Promise<unknown> =>
  together([name], (s) => s[name].get(key), 'readonly')
export const all = (name: StoreName): Promise<unknown[]> => together([name], (s) => s[name].all(), 'readonly')
export const clear = (name: StoreName) => together([name], (s) => s[name].clear())

/** Do it while no other tab of this browser does what has the same name. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  if ('locks' in navigator) return navigator.locks.request(name, work)
  const turn = (turns.get(name) ?? Promise.resolve()).then(work)
  turns.set(name, turn.catch(() => {}))
  return turn
}
const turns = new Map<string, Promise<unknown>>()
