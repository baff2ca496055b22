/**
 * What this browser keeps: texts that are not at the node yet. One database for each persona, so that another home at
 * the same address never sees what was meant for this one.
 */

const STORES = ['outbox', 'drafts'] as const
type StoreName = (typeof STORES)[number]

let open: Promise<IDBDatabase> | undefined

/** Use the database of this persona. */
export function openStore(persona: string): void {
  open = new Promise((done, failed) => {
    const request = indexedDB.open(`swarmnode ${persona}`, 1)
    request.onupgradeneeded = () => {
      for (const name of STORES) request.result.createObjectStore(name)
    }
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error ?? new Error('This browser keeps nothing.'))
  })
}

async function ask<T>(name: StoreName, mode: IDBTransactionMode, asked: (s: IDBObjectStore) => IDBRequest<T>) {
  if (!open) throw new Error('No store is open.')
  const store = (await open).transaction(name, mode, { durability: 'strict' }).objectStore(name)
  return new Promise<T>((done, failed) => {
    const request = asked(store)
    const { transaction } = store
    transaction.oncomplete = () => done(request.result)
    transaction.onabort = () => failed(transaction.error ?? new Error('This browser could not keep it.'))
  })
}

export const keep = (name: StoreName, key: string, value: unknown) => ask(name, 'readwrite', (s) => s.put(value, key))
export const forget = (name: StoreName, key: string) => ask(name, 'readwrite', (s) => s.delete(key))
export const find = (name: StoreName, key: string): Promise<unknown> => ask(name, 'readonly', (s) => s.get(key))
export const all = (name: StoreName): Promise<unknown[]> => ask(name, 'readonly', (s) => s.getAll())
export const clear = (name: StoreName) => ask(name, 'readwrite', (s) => s.clear())
