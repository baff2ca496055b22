/** A node whose answers, and what it tells, come when a test says so. */

import { vi } from 'vitest'

import { startLive } from '../src/api/live.ts'
import type { Datum, Events } from '../src/api/types.gen.ts'

/** Something that was asked and waits for its answer. */
export interface Asked {
  /** Method and path. */
  readonly what: string
  readonly body: unknown
  readonly answer: (view: unknown, status?: number) => Promise<void>
}

export interface SlowNode {
  /** The next one that is asked so; waits until it is. */
  readonly asked: (what: string) => Promise<Asked>
  /**
   * Two loads, of which the younger is answered first, where it does not wait for the older. What happens meanwhile is
   * why there is a younger; it asks for the same, if `then` is not another.
   */
  readonly passBy: (what: string, older: unknown, meanwhile: () => void, younger: unknown, then?: string) => Promise<void>
}

/** Long enough for what is heard together, and for what follows from an answer. */
const MOMENT_MS = 200
const WITHIN_MS = 4_000
const moment = (ms = 0): Promise<void> => new Promise((done) => void setTimeout(done, ms))

/** What nobody has answered. */
const waiting: Asked[] = []

/** The test is over: the node is away, for what still waits too. */
export async function leave(): Promise<void> {
  vi.unstubAllGlobals()
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
  // oxlint-disable-next-line no-await-in-loop -- what is answered may ask for more
  while (waiting.length) await waiting.pop()?.answer({ code: 'unreachable', detail: 'Away.' }, 503)
}

/** `quick` is answered at once. */
export function slowNode(quick: Readonly<Record<string, unknown>> = {}): SlowNode {
  vi.stubGlobal('fetch', (url: string, { method, body }: { method: string; body: unknown }) => {
    const what = `${method} ${url.replace('/api/v1', '').replace(/\?.*/, '')}`
    if (what in quick) return Promise.resolve(new Response(JSON.stringify(quick[what])))
    return new Promise<Response>((done) => {
      const answer = (view: unknown, status = 200): Promise<void> => {
        done(new Response(status === 204 ? null : JSON.stringify(view), { status }))
        return moment()
      }
      waiting.push({ what, body: typeof body === 'string' ? JSON.parse(body) : body, answer })
    })
  })
  const take = (what: string): Asked | undefined => {
    const at = waiting.findIndex((one) => one.what === what)
    return at < 0 ? undefined : waiting.splice(at, 1)[0]
  }
  const asked = (what: string): Promise<Asked> =>
    vi.waitFor(() => {
      const found = take(what)
      if (!found) throw new Error(`${what} was not asked, but ${waiting.map((one) => one.what).join(', ') || 'nothing'}`)
      return found
    }, WITHIN_MS)
  return {
    asked,
    passBy: async (what, older, meanwhile, younger, then = what) => {
      const first = await asked(what)
      meanwhile()
      await moment(MOMENT_MS)
      const second = take(then)
      await second?.answer(younger)
      await first.answer(older)
      if (!second) await (await asked(then)).answer(younger)
    },
  }
}

const source = new EventTarget()
let listening = false

/** The node tells this. */
export function tell(type: keyof Events | 'resync', data: Readonly<Record<string, Datum>> = {}): void {
  if (!listening) {
    listening = true
    vi.stubGlobal('EventSource', function EventSource() {
      return source
    })
    Object.defineProperty(navigator, 'locks', { value: { request: (_: string, work: () => unknown) => work() } })
    startLive()
  }
  source.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }))
}
