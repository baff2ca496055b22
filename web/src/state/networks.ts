/** Other networks: those that can be added, the person's accounts there, and a login in progress. */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { AccountView, ChatView, LoginView, NetworkView, NewLogin, SettlingView } from '../api/types.gen.ts'
import { settlePath } from '../router.ts'
import { putChat } from './inbox.ts'

export const networks = signal<readonly NetworkView[]>([])
export const accounts = signal<readonly AccountView[]>([])
export const networksTrouble = signal<ApiError | null>(null)
export const networksLoaded = signal(false)

const look = rounds(async () => {
  try {
    const [there, ours] = await Promise.all([call('GET /bridges'), call('GET /accounts')])
    networks.value = there.items
    accounts.value = ours.items
    networksTrouble.value = null
    networksLoaded.value = true
  } catch (error) {
    networksTrouble.value = asError(error)
  }
})
export const loadNetworks = (): Promise<void> => look.now()

/** How a network is called by its bridge; its id where that is not known. */
export const nameOf = (network: string): string =>
  networks.value.find((known) => known.id === network)?.name ??
  accounts.value.find((account) => account.network === network)?.network_name ??
  network

// A login: steps told by the node. The page knows no network by name.

export const beginLogin = (asked: NewLogin): Promise<LoginView> => call('POST /logins', { body: asked })

export const answerLogin = (login: LoginView, answers: Readonly<Record<string, string>>): Promise<LoginView> =>
  call('POST /logins/{login}', { path: { login: login.id }, body: { turn: login.turn, answers } })

export const tickLogin = (login: string): Promise<LoginView> => call('POST /logins/{login}/tick', { path: { login } })

export async function endLogin(login: string): Promise<void> {
  await call('DELETE /logins/{login}', { path: { login } }).catch(() => {})
}

// What an account has to settle with its owner

export const settle = (
  account: string,
  matter: string,
  step: string,
  answers: Readonly<Record<string, string>>,
): Promise<SettlingView> =>
  call('POST /accounts/{account}/matters/{matter}', { path: { account, matter }, body: { step, answers } })

export async function dismiss(account: string, matter: string): Promise<void> {
  await call('DELETE /accounts/{account}/matters/{matter}', { path: { account, matter } })
}

/** What cannot wait: somebody does, or something may be wrong. */
export const pressing = computed(() =>
  accounts.value.flatMap(({ id, matters }) =>
    matters.filter((matter) => matter.pressing).map(({ id: matter, title }) => ({ to: settlePath(id, matter), title })),
  ),
)

/** Whether an account wants its owner. */
export const isWanted = computed(() => pressing.value.length > 0 || accounts.value.some(({ notice }) => notice))

// What people do with an account

export async function pause(account: string): Promise<void> {
  await call('POST /accounts/{account}/pause', { path: { account } })
  await loadNetworks()
}

export async function resume(account: string): Promise<void> {
  await call('POST /accounts/{account}/resume', { path: { account } })
  await loadNetworks()
}

export async function removeAccount(account: string): Promise<void> {
  await call('DELETE /accounts/{account}', { path: { account } })
  await loadNetworks()
}

export async function openAt(account: string, address: string, room: boolean): Promise<ChatView> {
  const chat = await call('POST /accounts/{account}/chats', { path: { account }, body: { address, room } })
  putChat(chat)
  return chat
}

listen(({ type }) => {
  if (type === 'resync' || type.startsWith('bridge.')) look.again()
})
