/** From a path to a view, and back. Paths hold ids and names of screens, never a text of people. */

import { computed, signal } from '@preact/signals'

export type View =
  | { readonly name: 'inbox' }
  | { readonly name: 'chat'; readonly chat: string }
  | { readonly name: 'people' }
  | { readonly name: 'invite' }
  | { readonly name: 'accept' }
  | { readonly name: 'networks' }
  | { readonly name: 'login'; readonly network: string; readonly account: string }
  | { readonly name: 'settings' }
  | { readonly name: 'health' }
  | { readonly name: 'nowhere' }

export function parse(path: string): View {
  const [first = '', second = '', third = '', ...more] = path.split('/').filter(Boolean).map(decodeURIComponent)
  if (more.length) return { name: 'nowhere' }
  if (first === '') return { name: 'inbox' }
  if (first === 'chats' && second && !third) return { name: 'chat', chat: second }
  if (first === 'networks' && second === 'add' && third) return { name: 'login', network: third, account: '' }
  if (first === 'networks' && second === 'login' && third) return { name: 'login', network: '', account: third }
  if (second) return { name: 'nowhere' }
  switch (first) {
    case 'people':
    case 'invite':
    case 'accept':
    case 'networks':
    case 'settings':
    case 'health':
      return { name: first }
    default:
      return { name: 'nowhere' }
  }
}

export const path = signal(typeof location === 'undefined' ? '/' : location.pathname)
export const view = computed(() => parse(path.value))

export function go(to: string, replace = false): void {
  if (to === path.value) return
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  path.value = to
}

export const chatPath = (chat: string): string => `/chats/${encodeURIComponent(chat)}`

if (typeof window !== 'undefined') {
  window.addEventListener('popstate', () => {
    path.value = location.pathname
  })
}
