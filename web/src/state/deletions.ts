/** What was deleted, and what became of it at each place. It changes as nodes answer. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
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

const LIST = 'list'
const MORE = 'more'

export const loadDeletions = (more = false): Promise<void> => look.now(more ? MORE : LIST)

/** By their own ids or by those of their messages; all of them under no id. */
const look = rounds((what) => {
  const wanted = ({ id, targets }: DeletionView): boolean => ['', id, ...targets].some((name) => what.includes(name))
  const shown = [...deletions.value.values()].filter(wanted).map(({ id }) => lookAt(id))
  const pages = [what.includes(LIST) && loadPage(''), what.includes(MORE) && loadPage(deletionsNext.value)]
  return Promise.all([...shown, ...pages])
})

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

async function lookAt(deletion: string): Promise<void> {
  try {
    keep([await call('GET /deletions/{deletion}', { path: { deletion } })])
  } catch {
    // It is looked at again with the next change.
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

listen(({ type, data }) => {
  if (type === 'deletion.changed') look.again(String(data['deletion']))
  else if (type === 'message.deleted' || type === 'message.changed') look.again(String(data['message']))
  else if (type === 'resync') look.again()
})
