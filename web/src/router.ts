/** From a path to a view, and back. Paths hold ids and names of screens, never a text of people. */

import { computed, signal } from '@preact/signals'

import { isPerson } from './state/places.ts'

export type View =
  | { readonly name: 'inbox' }
  | { readonly name: 'chat'; readonly chat: string; readonly at: string }
  | { readonly name: 'people' | 'suggestions' | 'import' }
  | { readonly name: 'person' | 'talk'; readonly person: string }
  | { readonly name: 'timeline' | 'posts' | 'compose' | 'search' | 'more' }
  | { readonly name: 'post'; readonly post: string }
  | { readonly name: 'invite' }
  | { readonly name: 'accept' }
  | { readonly name: 'networks' }
  | { readonly name: 'login'; readonly network: string; readonly account: string }
  | { readonly name: 'settle'; readonly account: string; readonly matter: string }
  | { readonly name: 'settings' | 'devices' | 'relays' | 'consents' | 'outbox' | 'deletions' }
  | { readonly name: 'health' }
  | { readonly name: 'nowhere' }

export function parse(path: string): View {
  const [first = '', second = '', third = '', ...more] = path.split('/').filter(Boolean).map(decodeURIComponent)
  if (first === 'networks' && second === 'settle' && more.length === 1) {
    return { name: 'settle', account: third, matter: more[0] ?? '' }
  }
  if (more.length) return { name: 'nowhere' }
  if (first === '') return { name: 'inbox' }
  if (first === 'chats' && second) return { name: 'chat', chat: second, at: third }
  if (first === 'people' && second && (!third || (third === 'talk' && isPerson(second)))) return among(second, third)
  if (first === 'posts' && second && !third) return aPost(second)
  if (first === 'networks' && second === 'add' && third) return { name: 'login', network: third, account: '' }
  if (first === 'networks' && second === 'login' && third) return { name: 'login', network: '', account: third }
  if (second) return { name: 'nowhere' }
  switch (first) {
    case 'people':
    case 'timeline':
    case 'posts':
    case 'search':
    case 'more':
    case 'invite':
    case 'accept':
    case 'networks':
    case 'settings':
    case 'devices':
    case 'relays':
    case 'consents':
    case 'outbox':
    case 'deletions':
    case 'health':
      return { name: first }
    default:
      return { name: 'nowhere' }
  }
}

function aPost(second: string): View {
  return second === 'new' ? { name: 'compose' } : { name: 'post', post: second }
}

function among(second: string, third: string): View {
  if (isPerson(second)) return { name: third ? 'talk' : 'person', person: second }
  return second === 'suggestions' || second === 'import' ? { name: second } : { name: 'nowhere' }
}

export const path = signal(typeof location === 'undefined' ? '/' : location.pathname)
export const view = computed(() => parse(path.value))

export function go(to: string, replace = false): void {
  if (to === path.value) return
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  path.value = to
}

export const chatPath = (chat: string, at = ''): string =>
  `/chats/${encodeURIComponent(chat)}${at && `/${encodeURIComponent(at)}`}`
export const postPath = (post: string): string => `/posts/${encodeURIComponent(post)}`
export const settlePath = (account: string, matter: string): string =>
  `/networks/settle/${encodeURIComponent(account)}/${encodeURIComponent(matter)}`
export const personPath = (person: string): string => `/people/${encodeURIComponent(person)}`

if (typeof window !== 'undefined') {
  window.addEventListener('popstate', () => {
    path.value = location.pathname
  })
}
