import { afterEach, describe, expect, it, vi } from 'vitest'

import { lookIn, more, partsOf, results, search, within, words } from '../src/state/search.ts'

const hit = (id: string) => ({ message: { id }, snippet: '' })

/** A node that answers after it is told to, in any order. */
function slow(): { asked: Record<string, unknown>[]; answer: (at: number, found: object) => Promise<void> } {
  const asked: Record<string, unknown>[] = []
  const waiting: ((response: Response) => void)[] = []
  vi.stubGlobal('fetch', (_: string, { body }: { body: string }) => {
    asked.push(JSON.parse(body) as Record<string, unknown>)
    return new Promise<Response>((done) => waiting.push(done))
  })
  const answer = async (at: number, found: object): Promise<void> => {
    waiting[at]?.(new Response(JSON.stringify({ items: [], next: '', scope: '', gaps: [], ...found })))
    await new Promise((done) => setTimeout(done))
  }
  return { asked, answer }
}

afterEach(() => {
  vi.unstubAllGlobals()
  words.value = within.value = ''
  void search()
})

describe('search', () => {
  it('shows what was asked for last, whatever comes first', async () => {
    const node = slow()
    words.value = 'so'
    void search()
    words.value = 'soup'
    void search()
    await node.answer(1, { items: [hit('2')] })
    await node.answer(0, { items: [hit('1')] })
    expect(results.value.text).toBe('soup')
    expect(results.value.hits.map(({ message }) => message.id)).toEqual(['2'])
  })

  it('goes on behind what is shown, in the same place', async () => {
    const node = slow()
    words.value = 'soup'
    lookIn('b1')
    await node.answer(0, { items: [hit('1')], next: 'c', gaps: [{ code: 'past', account: 'a', network: 'demo' }] })
    void more()
    await node.answer(1, { items: [hit('2')] })
    expect(node.asked).toMatchObject([{ chat: 'b1' }, { chat: 'b1', cursor: 'c' }])
    expect(results.value.hits).toHaveLength(2)
    expect(results.value.gaps).toHaveLength(1)
    void more()
    expect(node.asked).toHaveLength(2)
  })

  it('says what went wrong', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    words.value = 'soup'
    await search()
    expect(results.value.trouble?.code).toBe('unreachable')
  })

  it('knows which parts of a snippet were looked for', () => {
    expect(partsOf('a \u0002soup\u0003 of \u0002beans\u0003')).toEqual(['a ', 'soup', ' of ', 'beans', ''])
    expect(partsOf('nothing')).toEqual(['nothing'])
  })
})
