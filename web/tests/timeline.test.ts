import { afterEach, describe, expect, it, vi } from 'vitest'

import type { MessageView } from '../src/api/types.gen.ts'
import { abilities, fresh, loadOlderPosts, mark, openTimeline, showFresh, timeline } from '../src/state/timeline.ts'
import { leave, slowNode, tell } from './slow.ts'

const post = (id: number, more: Partial<MessageView> = {}): MessageView =>
  ({ id: `m${id}`, chat: 'b1', kind: 'text', marks: [], ...more }) as unknown as MessageView
const posts = (from: number, to: number): MessageView[] =>
  Array.from({ length: to - from + 1 }, (_, at) => post(from + at))
const ids = (shown: readonly MessageView[]): string[] => shown.map(({ id }) => id)

/** A node with this many posts, the number of each its place. */
function node(count: number): { count: number } {
  const there = { count }
  vi.stubGlobal('fetch', (url: string, { method }: { method: string }) => {
    const asked = new URL(url, 'http://x')
    let answer: unknown = { levels: {} }
    if (method === 'PUT') answer = post(Number(/m(\d+)/.exec(url)?.[1]), { marks: ['boost'] })
    else if (asked.pathname.endsWith('/timeline') || asked.pathname.endsWith('/messages')) {
      const end = Number(asked.searchParams.get('before') ?? there.count + 1) - 1
      const items = posts(Math.max(1, end - Number(asked.searchParams.get('limit')) + 1), end)
      answer = { items, prev: String(end - items.length + 1), next: '' }
    }
    return Promise.resolve(new Response(JSON.stringify(answer)))
  })
  return there
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the timeline', () => {
  it('shows the newest first, and goes on to the beginning', async () => {
    node(100)
    await openTimeline('a')
    expect(ids(timeline.value.posts).slice(0, 2)).toEqual(['m100', 'm99'])
    await loadOlderPosts()
    await loadOlderPosts()
    expect(ids(timeline.value.posts).at(-1)).toBe('m1')
    expect(new Set(ids(timeline.value.posts)).size).toBe(100)
    expect(timeline.value.older).toBe('')
  })

  it('counts what comes, and shows it when asked', async () => {
    const there = node(50)
    await openTimeline('b')
    const before = timeline.value.posts
    there.count = 53
    await openTimeline()
    expect(timeline.value.posts).toEqual(before)
    expect(ids(fresh.value.posts)).toEqual(['m53', 'm52', 'm51'])
    showFresh()
    expect(ids(timeline.value.posts).slice(0, 4)).toEqual(['m53', 'm52', 'm51', 'm50'])
    expect(fresh.value.posts).toEqual([])
  })

  it('leaves no hole where more came than a page holds', async () => {
    const there = node(50)
    await openTimeline('c')
    there.count = 200
    await openTimeline()
    expect(fresh.value.apart).toBe(true)
    showFresh()
    await loadOlderPosts()
    expect(ids(timeline.value.posts)).toEqual(ids(posts(121, 200)).toReversed())
  })

  it('shows at once what comes into an empty one', async () => {
    const there = node(0)
    await openTimeline('d')
    expect(timeline.value.posts).toEqual([])
    there.count = 1
    await openTimeline()
    expect(ids(timeline.value.posts)).toEqual(['m1'])
  })

  it('puts a post as the node shows it after it was marked', async () => {
    node(3)
    await openTimeline('e')
    await mark(post(2), 'boost')
    expect(timeline.value.posts.map(({ marks }) => marks)).toEqual([[], ['boost'], []])
  })

  it('keeps what is there when the node is away', async () => {
    node(3)
    await openTimeline('f')
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    await openTimeline()
    expect(timeline.value.posts).toHaveLength(3)
    expect(timeline.value.trouble?.code).toBe('unreachable')
  })
})

describe('a timeline whose answers pass by', () => {
  const LIST = 'GET /chats/g/messages'
  const newest = (to: number) => ({ items: posts(to - 39, to), prev: String(to - 39), next: '' })
  afterEach(leave)

  it('has no post twice that was shown while it was asked what came since', async () => {
    abilities.value = { b1: {} as never }
    const there = slowNode()
    void openTimeline('g')
    await (await there.asked(LIST)).answer(newest(100))
    void openTimeline()
    await (await there.asked(LIST)).answer(newest(103))
    void openTimeline()
    const asked = await there.asked(LIST)
    showFresh()
    await asked.answer(newest(104))
    expect(ids(fresh.value.posts)).toEqual(['m104'])
  })

  it('looks at posts of an older page that was on its way when they changed', async () => {
    const there = slowNode()
    void loadOlderPosts()
    const changed = (): void => tell('message.changed', { chat: 'b1', message: 'm30' })
    await there.passBy(LIST, { ...newest(60) }, changed, post(30, { marks: ['boost'] }), 'GET /messages/m30')
    expect(timeline.value.posts.find(({ id }) => id === 'm30')?.marks).toEqual(['boost'])
  })

  it('looks again at a post that was marked', async () => {
    const there = slowNode()
    const done = mark(post(100), 'boost')
    const asked = await there.asked('PUT /messages/m100/marks/boost')
    tell('message.changed', { chat: 'b1', message: 'm100' })
    await (await there.asked('GET /messages/m100')).answer(post(100, { marks: ['boost', 'bookmark'] }))
    await asked.answer(post(100, { marks: ['boost'] }))
    await done
    await (await there.asked('GET /messages/m100')).answer(post(100, { marks: ['boost', 'bookmark'] }))
    expect(timeline.value.posts.find(({ id }) => id === 'm100')?.marks).toEqual(['boost', 'bookmark'])
  })
})
