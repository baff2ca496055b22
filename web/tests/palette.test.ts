import { describe, expect, it } from 'vitest'

import { found } from '../src/views/Palette.tsx'

const all = ['Ben Ångström', 'Garden', 'Settings', 'Write', 'Next unread conversation'].map((text) => ({ text }))
const names = (typed: string): string[] => found(all, typed).map(({ text }) => text)

describe('the palette', () => {
  it.each([
    ['', ['Ben Ångström', 'Garden', 'Settings', 'Write', 'Next unread conversation']],
    ['angs', ['Ben Ångström']],
    ['conv next', ['Next unread conversation']],
    ['n', ['Next unread conversation', 'Ben Ångström', 'Garden', 'Settings']],
    ['xyz', []],
  ])('%j finds %j', (typed, texts) => {
    expect(names(typed)).toEqual(texts)
  })
})
