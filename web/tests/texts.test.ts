import { describe, expect, it } from 'vitest'

import { de as firstGerman } from '../src/text/de.ts'
import { en as firstEnglish } from '../src/text/en.ts'
import { more as moreGerman } from '../src/text/more.de.ts'
import { more as moreEnglish } from '../src/text/more.en.ts'
import { fill, type Key, setLanguage, short, titleOf, wordsOf } from '../src/text/t.ts'

const en = { ...firstEnglish, ...moreEnglish }
const de = { ...firstGerman, ...moreGerman }
const keys = Object.keys(en) as Key[]
const names = (text: string): string[] => [...new Set([...text.matchAll(/{(\w+)/g)].map(([, name = '']) => name))].toSorted()

describe('texts', () => {
  it('German says all that English says, and nothing else', () => {
    expect(Object.keys(de)).toEqual(keys)
  })

  it('no text stands in both files', () => {
    expect(keys.length).toBe(Object.keys(firstEnglish).length + Object.keys(moreEnglish).length)
    expect(Object.keys(moreGerman)).toEqual(Object.keys(moreEnglish))
  })

  it.each(keys)('%s has the same placeholders in both', (key) => {
    expect(names(de[key])).toEqual(names(en[key]))
  })

  it('nothing is empty, cut off, or speaks of the inside', () => {
    for (const text of [...Object.values(en), ...Object.values(de)]) {
      expect(text.trim()).toBe(text)
      expect(text).not.toMatch(/^$|session|fingerprint|undefined/i)
    }
  })

  it('chooses by number', () => {
    expect(fill('{count#one thing|# things}', { count: 1 })).toBe('one thing')
    expect(fill('{count#one thing|# things}', { count: 3 })).toBe('3 things')
    expect(fill('to {name}, {count#one|#}', { name: 'Ada', count: 0 })).toBe('to Ada, 0')
  })

  it('says what a bridge said itself in the language that is spoken, and all else as it is', async () => {
    const notice = { text: 'Ada has left.', translations: { de: 'Ada ist gegangen.' } }
    expect(wordsOf(notice)).toBe('Ada has left.')
    await setLanguage('de')
    expect(wordsOf(notice)).toBe('Ada ist gegangen.')
    expect(wordsOf({ text: 'hi', translations: {} })).toBe('hi')
    expect(titleOf({ title: 'Home', title_translations: { de: 'Startseite' } })).toBe('Startseite')
    expect(titleOf({ title: 'Home', title_translations: {} })).toBe('Home')
    await setLanguage('en')
  })

  it('shows what people are called as it is', () => {
    expect(fill('{name}!', { name: '{count#a|b}' })).toBe('{count#a|b}!')
  })

  it('times are short, and nothing where there is none', () => {
    const now = new Date(2026, 10, 22, 12).getTime()
    expect(short(0, now)).toBe('')
    expect(short(now / 1000 - 3600, now)).toMatch(/^11[:.]00|11:00/)
    expect(short(now / 1000 - 400 * 24 * 3600, now)).toMatch(/25/)
  })
})
