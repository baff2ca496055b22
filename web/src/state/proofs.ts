/** Accounts that the person claims in public, and who knows which are meant. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { OwnProofView } from '../api/types.gen.ts'

export const ownProofs = signal<readonly OwnProofView[]>([])
export const ownProofsTrouble = signal<ApiError | null>(null)

const look = rounds(async () => {
  try {
    ownProofs.value = (await call('GET /proofs')).items
    ownProofsTrouble.value = null
  } catch (error) {
    ownProofsTrouble.value = asError(error)
  }
})
export const loadOwnProofs = (): Promise<void> => look.now()

/** What would stand where, and who would know. */
export const planProof = (account: string): Promise<OwnProofView> =>
  call('POST /proofs', { body: { account, dry_run: true } })

export async function makeProof(account: string, openTo: readonly string[]): Promise<void> {
  await call('POST /proofs', { body: { account, open_to: openTo } })
  await loadOwnProofs()
}

export async function openProof(proof: string, openTo: readonly string[]): Promise<void> {
  await call('POST /proofs/{proof}/open', { path: { proof }, body: { open_to: openTo } })
  await loadOwnProofs()
}

export async function dropProof(proof: string): Promise<void> {
  await call('DELETE /proofs/{proof}', { path: { proof } })
  await loadOwnProofs()
}

listen(({ type }) => {
  if (type === 'resync' || type === 'proofs.changed') look.again()
})
