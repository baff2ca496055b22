import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { setCsrf } from '../src/api/client.ts'
import type { AccountView, FitView, PostView } from '../src/api/types.gen.ts'
import { accounts } from '../src/state/networks.ts'
import {
  chosen, editPost, fits, going, loadPosts, openPost, openWriting, post, posted, posts as those, postTrouble, refusing, shownPost,
  stopWaiting, takeBackHeldPost, undescribed, write, writing,
} from '../src/state/posts.ts'
import { leave, slowNode, tell } from './slow.ts'

const account = (id: string): AccountView => ({ id }) as unknown as AccountView
const fit = (id: string, refused = ''): FitView =>
  ({ account: id, network: 'demo', display: id, refused, pieces: [], notes: [] }) as unknown as FitView

interface Asked {
  readonly url: string
  readonly key: string | undefined
  readonly body: Record<string, unknown>
}

/** A node whose networks fit what is asked, and which takes posts as long as it is up. */
function node(shown: readonly FitView[], made: object = { id: 'post1', places: [], answers: [] }): { asked: Asked[]; up: boolean } {
  const there = { asked: [] as Asked[], up: true }
  vi.stubGlobal('fetch', (url: string, { body, headers }: { body?: string; headers: Record<string, string> }) => {
    there.asked.push({ url, key: headers['Idempotency-Key'], body: JSON.parse(body ?? '{}') as Record<string, unknown> })
    if (!there.up) return Promise.reject(new TypeError('failed'))
    const answer = url.endsWith('/preview') ? { items: shown } : made
    return Promise.resolve(new Response(JSON.stringify(answer)))
  })
  return there
}
const posts = ({ asked }: { asked: Asked[] }): Asked[] => asked.filter(({ url }) => url.endsWith('/posts'))

beforeEach(() => {
  setCsrf('known')
  accounts.value = [account('a'), account('b'), account('c')]
})
afterEach(() => {
  vi.unstubAllGlobals()
  stopWaiting()
  write({ text: '', title: '', more: '', without: [], files: [] })
  fits.value = []
  posted.value = null
})

describe('a post for several networks', () => {
  it('is shown for those that have posts, and goes to those that take it', async () => {
    const there = node([fit('a'), fit('b', 'link-too-long'), fit('c', 'no-posts')])
    write({ text: 'soup' })
    await openWriting()
    expect(fits.value.map((one) => one.account)).toEqual(['a', 'b'])
    expect(going.value.map((one) => one.account)).toEqual(['a'])
    expect(refusing.value.map((one) => one.account)).toEqual(['b'])
    await post()
    expect(posts(there)).toMatchObject([{ body: { accounts: ['a'], text: 'soup' } }])
    expect(posted.value?.id).toBe('post1')
    expect(writing.value.text).toBe('')
  })

  it('does not go where it was taken out', async () => {
    node([fit('a'), fit('b')])
    write({ text: 'soup', without: ['b'] })
    await openWriting()
    expect(chosen.value.map((one) => one.account)).toEqual(['a'])
  })

  it('is kept, and sent again as the same one, when nobody answers', async () => {
    const there = node([fit('a')])
    write({ text: 'soup' })
    await openWriting()
    there.up = false
    await post()
    expect(postTrouble.value?.code).toBe('unreachable')
    expect(writing.value.text).toBe('soup')
    there.up = true
    fits.value = [fit('a'), fit('b')]
    await post()
    const [first, again] = posts(there)
    expect(again?.key).toBe(first?.key)
    expect(again?.body).toEqual(first?.body)
    expect(posted.value?.id).toBe('post1')
  })

  it('is another one after one went on writing', async () => {
    const there = node([fit('a')])
    write({ text: 'soup' })
    await openWriting()
    there.up = false
    await post()
    stopWaiting()
    there.up = true
    await post()
    const [first, again] = posts(there)
    expect(again?.key).not.toBe(first?.key)
  })

  it('that is held is taken back with all that was written, beside what is being written now', async () => {
    const there = node([fit('a')], { id: 'w3', state: 'scheduled', text: 'soup', send_at: 2_000_000_000, places: [] })
    write({ text: 'soup', title: 'hot', more: 'https://soup.example/' })
    await openWriting()
    await post(2_000_000_000)
    expect(posts(there)).toMatchObject([{ body: { send_at: 2_000_000_000 } }])
    expect(writing.value.text).toBe('')
    write({ text: 'bread' })
    await takeBackHeldPost('w3')
    expect(there.asked.at(-1)?.url).toMatch(/messages\/w3\/cancel$/)
    expect(writing.value).toMatchObject({ text: 'bread\n\nsoup', title: 'hot', more: 'https://soup.example/', key: '', at: 0 })
  })

  it('knows which pictures nobody described', () => {
    const file = { name: 'x', blob: new Blob(), description: ' ' }
    write({ files: [{ ...file, type: 'image/png' }, { ...file, type: 'text/plain' }] })
    expect(undescribed.value).toHaveLength(1)
  })
})

describe('posts that were made', () => {
  const view = (id: string, text: string): PostView => ({ id, text, places: [], answers: [] }) as unknown as PostView
  const changed = (): void => tell('post.changed', { post: '1' })
  afterEach(leave)

  it('are those of the last answer', async () => {
    const there = slowNode()
    void loadPosts()
    await there.passBy('GET /posts', { items: [view('1', 'old')], next: '' }, changed, { items: [view('1', 'new')], next: '' })
    expect(those.value).toMatchObject([{ text: 'new' }])
  })

  it('are not those that were opened before', async () => {
    const there = slowNode()
    void openPost('1')
    const before = await there.asked('GET /posts/1')
    void openPost('2')
    await before.answer(view('1', 'one'))
    expect(shownPost.value).toBeNull()
    await (await there.asked('GET /posts/2')).answer(view('2', 'two'))
    expect(shownPost.value?.text).toBe('two')
  })

  it('are looked at again when they were changed', async () => {
    const there = slowNode({ 'GET /posts': { items: [], next: '' } })
    void openPost('1')
    await (await there.asked('GET /posts/1')).answer(view('1', 'old'))
    const edited = editPost('1', 'mine')
    const asked = await there.asked('PATCH /posts/1')
    changed()
    await (await there.asked('GET /posts/1')).answer(view('1', 'new'))
    await asked.answer(view('1', 'mine'))
    await edited
    await (await there.asked('GET /posts/1')).answer(view('1', 'new'))
    expect(shownPost.value?.text).toBe('new')
  })
})
