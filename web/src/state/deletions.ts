/** What was deleted, and what became of it at each place. It changes as nodes answer. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { inTurn, rounds } from '../api/rounds.ts'
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
  if (made.id) {
    keep([made])
    void look.now(made.id) // places may have answered before the node has
  }
  return made.id
}

const LOADS = { first: () => loadPage(''), more: () => loadPage(deletionsNext.value) }
const look = rounds(inTurn(LOADS, (name) => lookAt(name)))

export const loadDeletions = (more = false): Promise<void> => look.now(more ? 'more' : 'first')

async function loadPage(before: string): Promise<void> {
  try {
    const { items, next } = await call('GET /deletions', { query: { limit: 50, before } })
    keep(items)
    deletionsNext.value = next
    deletionsTrouble.value = null
    deletionsLoaded.value = true
  } catch (error) {
    deletionsTrouble.value = asError(error)
  }
}

/** By its own id or by that of a message; all that are shown under no id. */
async function lookAt(name: string): Promise<void> {
  const shown = [...deletions.value.values()].filter(({ id, targets }) => !name || name === id || targets.includes(name))
  const found = shown.map(({ id }) => call('GET /deletions/{deletion}', { path: { deletion: id } }).catch(() => null))
  keep((await Promise.all(found)).filter((one) => one !== null)) // what is not found is looked at with its next change
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

listen(({ type, data }) => {
  if (type === 'deletion.changed') look.again(String(data['deletion']))
  else if (type === 'message.deleted' || type === 'message.changed') look.again(String(data['message']))
  else if (type === 'resync') look.again()
})
