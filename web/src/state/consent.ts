/** What people said about their words going elsewhere, and passing words on. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { ChatView, ConsentView, MessageView, Saying } from '../api/types.gen.ts'

export type Scope = 'forward' | 'publish'

export const consents = signal<readonly ConsentView[]>([])
export const consentsLoaded = signal(false)
export const consentTrouble = signal<ApiError | null>(null)

export const consentsOf = (person: string): readonly ConsentView[] =>
  consents.value.filter((said) => said.person === person)

const look = rounds(async () => {
  try {
    consents.value = (await call('GET /consents')).items
    consentsLoaded.value = true
    consentTrouble.value = null
  } catch (error) {
    consentTrouble.value = asError(error)
  }
})
export const loadConsents = (): Promise<void> => look.now()

/** Write down what somebody said. Throws `conflict` where they said no before, and nobody says that they took it back. */
export async function writeDown(said: Saying): Promise<void> {
  await call('PUT /consents', { body: said })
  await loadConsents()
}

/** Throws `no-consent` where the author has not let these words go there. */
export async function passOn(message: string, chat: string): Promise<MessageView> {
  return call('POST /messages/{message}/forward', { path: { message }, body: { chat } })
}

/** Whether everybody reads in a conversation: that takes another leave than one among few. */
export const scopeOf = ({ privacy, kind }: Pick<ChatView, 'privacy' | 'kind'>): Scope =>
  privacy === 'public' || kind === 'timeline' || kind === 'channel' ? 'publish' : 'forward'

listen(({ type }) => {
  if (type === 'resync') look.again()
})
