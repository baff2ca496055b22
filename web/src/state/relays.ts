/** The relays that keep this node's mail, and the one that it is itself, where it is one. */

import { computed } from '@preact/signals'

import { call } from '../api/client.ts'
import { refresh, status } from './session.ts'

export const relays = computed(() => status.value?.relays ?? [])
export const isRelay = computed(() => status.value?.roles.includes('relay') ?? false)

export async function useRelay(link: string): Promise<void> {
  await call('POST /relays', { body: { link } })
  await refresh()
}

export async function leaveRelay(id: string): Promise<void> {
  await call('DELETE /relays/{relay}', { path: { relay: id } })
  await refresh()
}

/** A link with which somebody else may use the relay that this node is. */
export async function lend(): Promise<string> {
  const { links } = await call('POST /relays/tickets', { body: { count: 1 } })
  return links[0] ?? ''
}

/** Let this machine's own relay keep this node's mail. */
export const useOwn = async (): Promise<void> => useRelay(await lend())
