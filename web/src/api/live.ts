/**
 * What happens at the node, as it happens. One tab of this browser listens (a browser gives a page six connections
 * in all) and tells the others; when it is closed, another one goes on where it stopped.
 */

import { signal } from '@preact/signals'

import { type Datum, EVENTS, type Events } from './types.gen.ts'

export type EventName = keyof Events | 'resync'
export interface LiveEvent {
  readonly type: EventName
  readonly data: Readonly<Record<string, Datum>>
}
type Told = { readonly event: LiveEvent; readonly id: string } | { readonly link: Link } | { readonly ask: true }
type Link = 'connecting' | 'up' | 'down'

/** Whether the node is being heard. */
export const link = signal<Link>('connecting')

const listeners = new Set<(event: LiveEvent) => void>()
let last = ''
let started = false

/** Be told of every event; gives back what ends that. */
export function listen(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function tell(event: LiveEvent): void {
  for (const listener of listeners) listener(event)
}

/** Begin to listen; a second call does nothing. */
export function startLive(): void {
  if (started) return
  started = true
  const channel = new BroadcastChannel('live')
  let leading = false
  channel.addEventListener('message', ({ data: told }: MessageEvent<Told>) => {
    if ('event' in told) {
      if (told.id) last = told.id
      tell(told.event)
    } else if ('link' in told) {
      link.value = told.link
    } else if (leading) {
      channel.postMessage({ link: link.value } satisfies Told)
    }
  })
  const share = (told: Told): void => {
    if ('event' in told) tell(told.event)
    if ('link' in told) link.value = told.link
    channel.postMessage(told)
  }
  if ('locks' in navigator) {
    channel.postMessage({ ask: true } satisfies Told)
    // Held until this tab is closed.
    void navigator.locks.request('live', () => {
      leading = true
      connect(share)
      return new Promise<never>(() => {})
    })
  } else {
    onlyWhileVisible(share)
  }
}

/** Without locks (plain http on a name) tabs cannot agree: the one that is seen listens. */
function onlyWhileVisible(share: (told: Told) => void): void {
  let close: (() => void) | undefined
  const follow = (): void => {
    close?.()
    close = document.hidden ? undefined : connect(share)
  }
  document.addEventListener('visibilitychange', follow)
  follow()
}

const AGAIN_MS = 2_000

/** Listen until the answer is called. The browser calls again by itself where the line breaks; we where it gives up. */
function connect(share: (told: Told) => void): () => void {
  let source: EventSource
  let timer = 0
  let broken = false
  const open = (): void => {
    source = new EventSource(`/api/v1/events${last ? `?after=${last}` : ''}`)
    source.addEventListener('open', () => {
      share({ link: 'up' })
      // What was asked while the line was down got no answer: everything is looked at anew.
      if (!last || broken) share({ event: { type: 'resync', data: {} }, id: last })
      broken = false
    })
    source.addEventListener('error', () => {
      broken = true
      share({ link: 'down' })
      if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_MS)
    })
    for (const type of [...EVENTS, 'resync'] as const) {
      source.addEventListener(type, (event: MessageEvent<string>) => {
        last = event.lastEventId || last
        share({ event: { type, data: JSON.parse(event.data) as LiveEvent['data'] }, id: last })
      })
    }
    // The last event of a stream that the node ends itself, for instance because its store was locked.
    source.addEventListener('problem', () => share({ event: { type: 'resync', data: {} }, id: last }))
  }
  open()
  return () => {
    window.clearTimeout(timer)
    source.close()
  }
}
