import { afterEach, describe, expect, it, vi } from 'vitest'

import { call, setApiLanguage, setCsrf } from '../src/api/client.ts'
import { ApiError } from '../src/api/errors.ts'

function answering(status: number, body: unknown): ReturnType<typeof vi.fn> {
  const text = body === null ? null : typeof body === 'string' ? body : JSON.stringify(body)
  const fetched = vi.fn(() => Promise.resolve(new Response(text, { status })))
  vi.stubGlobal('fetch', fetched)
  return fetched
}

const failing = async (asked: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await asked.catch((problem: unknown) => problem)
  if (error instanceof ApiError) return error
  throw new Error('It did not fail.')
}

afterEach(() => {
  vi.unstubAllGlobals()
  setCsrf('')
})

describe('asking the node', () => {
  it('fills the path and the query, and asks in our language', async () => {
    const fetched = answering(200, { items: [] })
    setApiLanguage('de')
    await call('GET /chats/{chat}/messages', { path: { chat: 'b 1/2' }, query: { before: '', limit: 60 } })
    const [url, asked] = fetched.mock.calls[0] as unknown as [string, RequestInit]
    expect(url).toBe('/api/v1/chats/b%201%2F2/messages?limit=60')
    expect(asked.headers).toEqual({ 'Accept-Language': 'de' })
    expect(asked.body).toBeNull()
  })

  it('carries the value of the session, and a key, with writes alone', async () => {
    const fetched = answering(204, null)
    setCsrf('secret')
    await call('GET /status')
    expect(await call('PUT /chats/{chat}/draft', { path: { chat: '1' }, body: { text: 'x' }, key: 'k' })).toBeNull()
    const headers = fetched.mock.calls.map((asked) => (asked as unknown as [string, RequestInit])[1].headers)
    expect(headers[0]).not.toHaveProperty('X-Swarm-CSRF')
    expect(headers[1]).toMatchObject({ 'X-Swarm-CSRF': 'secret', 'Idempotency-Key': 'k' })
  })

  it('asks for the value of the session where a write leaves before the page did', async () => {
    const answers = [{ csrf: 'fresh' }, { id: 'm1' }]
    const fetched = vi.fn(() => Promise.resolve(Response.json(answers.shift())))
    vi.stubGlobal('fetch', fetched)
    await call('POST /chats/{chat}/messages', { path: { chat: '1' }, body: { text: 'x' }, key: 'k' })
    const asked = fetched.mock.calls as unknown as [string, RequestInit][]
    expect(asked.map(([url]) => url)).toEqual(['/api/v1/session', '/api/v1/chats/1/messages'])
    expect(asked[1]?.[1].headers).toMatchObject({ 'X-Swarm-CSRF': 'fresh', 'Idempotency-Key': 'k' })
  })

  it('tells what the node says is wrong', async () => {
    answering(429, { code: 'too-many', detail: 'Too many.', hint: 'Wait.', retry_after: 7 })
    const error = await failing(call('POST /unlock', { body: { passphrase: 'x' } }))
    expect(error).toMatchObject({ code: 'too-many', message: 'Too many.', hint: 'Wait.', retryAfter: 7 })
  })

  it.each([['<html>Bad gateway</html>'], [{ message: 'no' }]])('takes what is not the node’s for its absence', async (body) => {
    answering(502, body)
    expect((await failing(call('GET /status'))).code).toBe('unreachable')
  })

  it('says when nobody answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    expect((await failing(call('GET /status'))).code).toBe('unreachable')
  })

  it('does not wait for ever for what is only read', async () => {
    const patience = new AbortController()
    vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(patience.signal)
    vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) =>
      signal
        ? new Promise((_done, failed) => signal.addEventListener('abort', () => failed(new Error('over'))))
        : Promise.resolve(new Response(null, { status: 204 })),
    )
    const asked = call('GET /status')
    expect(await call('POST /lock')).toBeNull()
    patience.abort()
    expect((await failing(asked)).code).toBe('unreachable')
  })

  it('takes an answer that breaks off for none', async () => {
    answering(200, '{"state": "rea')
    expect((await failing(call('GET /status'))).code).toBe('unreachable')
  })
})
