import { describe, expect, it } from 'vitest'

import { join } from '../src/state/window.ts'

const rows = (ids: string) => [...ids].map((id) => ({ id }))

describe('what is fetched joins what is shown', () => {
  it.each([
    // shown, fetched, it begins at the beginning, all anew, what is shown then
    ['abc', 'abcd', false, false, 'abcd'],
    ['abc', 'bcd', false, false, 'abcd'],
    ['abc', 'cde', false, false, 'abcde'],
    ['abc', 'cde', false, true, null],
    ['abc', 'def', false, false, null],
    ['cde', 'abcdef', false, false, 'cdef'],
    ['cde', 'abcdef', true, false, 'abcdef'],
    ['b', 'ab', true, false, 'ab'],
    ['ba', 'ab', true, false, 'ab'],
    ['abd', 'abcd', false, true, 'abcd'],
    ['abd', 'cd', false, false, null],
    ['abcd', 'bd', false, false, 'abd'],
    ['', 'ab', true, false, null],
  ])('%s with %s (%s, %s): %s', (shown, fetched, begins, whole, all) => {
    expect(join(rows(shown), rows(fetched), { begins, whole })?.map(({ id }) => id).join('') ?? null).toBe(all)
  })

  it('shows nothing twice, whatever comes in whatever order', () => {
    let state = 7
    const random = (most: number): number => (state = (state * 48_271) % 2_147_483_647) % most
    for (let turn = 0; turn < 2_000; turn += 1) {
      const shown = rows('abcdefgh').filter(() => random(3) > 0).toSorted(() => random(3) - 1)
      const fetched = rows('abcdefghij').slice(random(9))
      const ids = join(shown, fetched, { begins: random(2) > 0, whole: random(2) > 0 })?.map(({ id }) => id)
      if (ids) expect(new Set(ids).size).toBe(ids.length)
      if (ids) expect(ids.join('')).toMatch(/ij$|^j$/)
    }
  })
})
