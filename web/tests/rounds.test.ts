import { describe, expect, it, vi } from 'vitest'

import { rounds } from '../src/api/rounds.ts'

/** Rounds that end when they are told to. */
function slow(): { look: ReturnType<typeof rounds>; begun: (readonly string[])[]; end: () => Promise<void> } {
  const begun: (readonly string[])[] = []
  const ends: (() => void)[] = []
  const look = rounds((what) => {
    begun.push(what)
    return new Promise<void>((done) => ends.push(done))
  }, 5)
  const end = async (): Promise<void> => {
    ends.shift()?.()
    await new Promise((done) => void setTimeout(done))
  }
  return { look, begun, end }
}

describe('rounds', () => {
  it('follow one another, each with all that was wanted meanwhile', async () => {
    const { look, begun, end } = slow()
    const first = look.now('a')
    await vi.waitFor(() => expect(begun).toEqual([['a']]))
    const second = Promise.all([look.now('a'), look.now('b'), look.now('b')])
    let over = false
    void second.then(() => (over = true))
    await end()
    await first
    expect(begun).toEqual([['a'], ['a', 'b']])
    expect(over).toBe(false)
    await end()
    await second
  })

  it('take together what is heard in a moment, once somebody has looked', async () => {
    const { look, begun, end } = slow()
    look.again('nobody cares')
    void look.now()
    await vi.waitFor(() => expect(begun).toEqual([['']]))
    look.again('a')
    look.again('b')
    await end()
    await vi.waitFor(() => expect(begun).toEqual([[''], ['a', 'b']]))
  })

  it('go on after one that failed', async () => {
    const looked: string[] = []
    const look = rounds(([what = '']) => (looked.push(what) === 1 ? Promise.reject(new Error('no')) : Promise.resolve()))
    await expect(look.now('a')).rejects.toThrow('no')
    await look.now('b')
    expect(looked).toEqual(['a', 'b'])
  })
})
