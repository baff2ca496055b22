import { ApiError, UNREACHABLE } from './errors.ts'
import type { ErrorView, Routes } from './types.gen.ts'

type Names<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never

interface Asked<R extends keyof Routes> {
  readonly path?: Readonly<Record<Names<R>, string>>
  readonly query?: Readonly<Record<string, string | number>>
  readonly body?: Routes[R]['body']
  /** A file instead of a body. */
  readonly file?: Blob
  /** The same key for the same write: the node does it once. */
  readonly key?: string
  /** Told how much of the body has left, from 0 to 1. */
  readonly onPart?: ((part: number) => void) | undefined
}

const BASE = '/api/v1'
/** Who gives no answer for so long to what is only read is away. A write may take its time. */
const PATIENCE_MS = 60_000
let csrf = ''
let language = 'en'

/** Remember what writes of this session have to carry. */
export function setCsrf(value: string): void {
  csrf = value
}

/** In which language the node is to say what it says. */
export function setApiLanguage(value: string): void {
  language = value
}

/**
 * Ask the node. `route` is a method and a path, `asked` what goes into it.
 *
 * Throws ApiError; with the code `unreachable` where nobody answers.
 */
export async function call<R extends keyof Routes>(route: R, asked: Asked<R> = {}): Promise<Routes[R]['answer']> {
  const response = await ask(route, asked)
  return (response.status === 204 ? null : await response.json().catch(nobody)) as Routes[R]['answer']
}

/** The line broke, perhaps within an answer. */
function nobody(): never {
  throw new ApiError({ code: UNREACHABLE, detail: 'The node does not answer.' })
}

/** Ask the node for a file. Throws as `call`. */
export async function fetchFile(route: 'POST /backups/file' | 'POST /exports/file'): Promise<Blob> {
  return (await ask(route, {})).blob()
}

async function ask<R extends keyof Routes>(route: R, asked: Asked<R>): Promise<Response> {
  const [method = 'GET', template = ''] = route.split(' ')
  // What waits for the node leaves by itself when it is back, perhaps before the page has asked who it is.
  if (asked.key !== undefined && !csrf) csrf = (await call('GET /session')).csrf
  const headers: Record<string, string> = { 'Accept-Language': language }
  if (method !== 'GET' && csrf) headers['X-Swarm-CSRF'] = csrf
  if (asked.key !== undefined) headers['Idempotency-Key'] = asked.key
  if (asked.body !== undefined) headers['Content-Type'] = 'application/json'
  if (asked.file !== undefined) headers['Content-Type'] = 'application/octet-stream'
  const body = asked.file ?? (asked.body === undefined ? null : JSON.stringify(asked.body))
  const url = BASE + fill(template, asked.path ?? {}) + search(asked.query)
  const signal = method === 'GET' ? AbortSignal.timeout(PATIENCE_MS) : null
  const request = { method, headers, body, signal }
  const response = await (asked.onPart ? upload(url, request, asked.onPart) : fetch(url, request)).catch(nobody)
  if (response.ok) return response
  throw new ApiError(await problem(response))
}

interface Sent {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Blob | null
}

/** As fetch, which does not say how much has left. */
function upload(url: string, { method, headers, body }: Sent, onPart: (part: number) => void): Promise<Response> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest()
    request.open(method, url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded, total }) => onPart(total ? loaded / total : 0))
    request.addEventListener('load', () => done(new Response(request.responseText || null, { status: request.status })))
    request.addEventListener('error', () => failed(new TypeError('Nobody answered.')))
    request.send(body)
  })
}

function fill(template: string, path: Readonly<Record<string, string>>): string {
  return template.replaceAll(/{(\w+)}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
}

function search(query: Readonly<Record<string, string | number>> = {}): string {
  const said = Object.entries(query).filter(([, value]) => value !== '')
  return said.length ? `?${new URLSearchParams(said.map(([name, value]) => [name, String(value)]))}` : ''
}

/** What went wrong; a proxy in between may answer with something that is not the node's. */
async function problem(response: Response): Promise<ErrorView> {
  try {
    const view: ErrorView = await response.json()
    if (typeof view.code === 'string') return view
  } catch {
    // not JSON: not from the node
  }
  return { code: UNREACHABLE, detail: `Something between here and the node answered ${response.status}.` }
}
