/** What was deleted, and what became of it at each place. It changes as nodes answer. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import type { DeletionView } from '../api/types.gen.ts'

/** Those that some screen shows, by their ids. */
export const deletions = signal<ReadonlyMap<string, DeletionView>>(new Map())
export const deletionsTrouble = signal<ApiError | null>(null)
export const deletionsNext = signal('')
export const deletionsLoaded = signal(false)

function keep(found: readonly DeletionView[]): void {
  deletions.value = new Map([...deletions.value, ...found.map((one) => [one.id, one] as const)])
}

/** Delete messages; gives the id under which it can be followed. */
export async function destroy(ids: readonly string[], everywhere: boolean): Promise<string> {
  const made = await call('POST /deletions', { body: { ids, everywhere } })
  if (made.id) keep([made])
  return made.id
}

export async function loadDeletions(more = false): Promise<void> {
  try {
    const query = { limit: 50, ...(more && deletionsNext.value ? { before: deletionsNext.value } : {}) }
    const { items, next } = await call('GET /deletions', { query })
    keep(items)
    deletionsNext.value = next
    deletionsTrouble.value = null
    deletionsLoaded.value = true
  } catch (error) {
    deletionsTrouble.value = asError(error)
  }
}

/** Have the browser save what nodes have signed. */
export async function saveReceipts(deletion: string): Promise<void> {
  const receipts = await call('GET /deletions/{deletion}/receipts', { path: { deletion } })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(receipts, null, 2)}\n`], { type: 'application/json' }))
  link.download = `swarmnode-deletion-${deletion}.json`
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

async function lookAt(deletion: string): Promise<void> {
  if (!deletions.value.has(deletion)) return
  try {
    keep([await call('GET /deletions/{deletion}', { path: { deletion } })])
  } catch {
    // It is looked at again with the next change.
  }
}

listen(({ type, data }) => {
  if (type === 'deletion.changed') void lookAt(String(data['deletion']))
  else if (type === 'message.deleted' || type === 'message.changed') {
    for (const one of deletions.value.values()) if (one.targets.includes(String(data['message']))) void lookAt(one.id)
  } else if (type === 'resync') for (const id of deletions.value.keys()) void lookAt(id)
})
