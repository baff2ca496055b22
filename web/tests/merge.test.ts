import { describe, expect, it } from 'vitest'

import { merge } from '../src/state/merge.ts'

describe('one text from two screens', () => {
  it.each([
    // base, mine, theirs, both
    ['', '', '', ''],
    ['', 'mine', '', 'mine'],
    ['', '', 'theirs', 'theirs'],
    ['old', 'old', '', ''],
    ['old', '', 'old', ''],
    ['old', 'old and mine', 'old', 'old and mine'],
    ['old', 'old', 'old and theirs', 'old and theirs'],
    ['old', 'old, longer', 'old, longer still', 'old, longer still'],
    ['old', '', 'old, longer', 'old, longer'],
    ['', 'mine', 'theirs', 'theirs\nmine'],
    ['mine', 'mine goes on', 'theirs\nmine', 'theirs\nmine goes on'],
    ['theirs', 'mine\ntheirs', 'theirs goes on', 'mine\ntheirs goes on'],
    ['$1', '$& more', 'a $1', 'a $& more'],
  ])('%j: %j and %j', (base, mine, theirs, both) => {
    expect(merge(base, mine, theirs)).toBe(both)
  })

  it('comes to the same from both sides, where one of them merges and the other takes it', () => {
    const first = merge('', 'from here', 'from there')
    expect(merge('from there', 'from there', first)).toBe(first)
  })
})
