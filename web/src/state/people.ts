/** People whose nodes we know, the invites that lead to them, and the relays in between. */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { ContactView, InviteView, ValuesLinkView, NewInvite, SafetyView } from '../api/types.gen.ts'

export const contacts = signal<readonly ContactView[]>([])
export const invites = signal<readonly InviteView[]>([])
export const peopleTrouble = signal<ApiError | null>(null)
export const peopleLoaded = signal(false)

export const requests = computed(() => contacts.value.filter((contact) => contact.standing === 'request'))
export const contactOf = (id: string): ContactView | undefined => contacts.value.find((contact) => contact.id === id)

const look = rounds(async () => {
  try {
    const [people, given] = await Promise.all([call('GET /contacts'), call('GET /invites')])
    contacts.value = people.items
    invites.value = given.items
    peopleTrouble.value = null
    peopleLoaded.value = true
  } catch (error) {
    peopleTrouble.value = asError(error)
  }
})
export const loadPeople = (): Promise<void> => look.now()

export async function invite(asked: NewInvite): Promise<InviteView> {
  const made = await call('POST /invites', { body: asked })
  await loadPeople()
  return made
}

export async function revoke(id: string): Promise<void> {
  await call('DELETE /invites/{invite}', { path: { invite: id } })
  await loadPeople()
}

export async function inspect(link: string): Promise<ValuesLinkView> {
  return call('POST /links/inspect', { body: { link } })
}

export async function accept(link: string): Promise<InviteView> {
  const taken = await call('POST /invites/accept', { body: { link } })
  await loadPeople()
  return taken
}

export async function answer(contact: string, yes: boolean): Promise<void> {
  await call('POST /contacts/{contact}/answer', { path: { contact }, body: { accept: yes } })
  await loadPeople()
}

export async function safetyOf(contact: string): Promise<SafetyView> {
  return call('GET /contacts/{contact}/safety', { path: { contact } })
}

/** These words were compared and are the same. */
export async function markChecked(contact: string, { seen }: SafetyView): Promise<void> {
  await call('POST /contacts/{contact}/verify', { path: { contact }, body: { seen } })
  await loadPeople()
}

/** Hear nothing of somebody any more, or again. */
export async function block(contact: string, on: boolean): Promise<void> {
  await call('PUT /contacts/{contact}/block', { path: { contact }, body: { on } })
  await loadPeople()
}

/** Forget somebody, with the conversation. */
export async function removeContact(contact: string): Promise<void> {
  await call('DELETE /contacts/{contact}', { path: { contact } })
  await loadPeople()
}

/** Go on with somebody whose keys have changed, without comparing words. */
export async function trustAgain(contact: string): Promise<void> {
  await call('POST /contacts/{contact}/alert', { path: { contact }, body: { trust: true } })
  await loadPeople()
}

listen(({ type }) => {
  if (type === 'resync' || type.startsWith('contact.') || type.startsWith('invite.')) look.again()
})
