import { afterEach, describe, expect, it, vi } from 'vitest'

import type { MessageView } from '../src/api/types.gen.ts'
import { fresh, loadOlderPosts, mark, openTimeline, showFresh, timeline } from '../src/state/timeline.ts'

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
