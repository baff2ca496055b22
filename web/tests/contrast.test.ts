import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

const css = readFileSync(join(import.meta.dirname, '../src/style/tokens.css'), 'utf8')

const THEMES = ['light', 'dark'] as const

function tokens(theme: (typeof THEMES)[number]): Map<string, string> {
  const pairs = [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)]
  return new Map(pairs.map(([, name = '', light = '', dark = '']) => [name, theme === 'light' ? light : dark]))
}

/** Relative luminance of a colour (WCAG 2.2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

const TEXTS = ['text', 'muted', 'link', 'good', 'warn', 'bad', 'accent']
const GROUNDS = ['bg', 'surface', 'raised', 'own']

describe.each(THEMES)('%s', (theme) => {
  const colours = tokens(theme)
  const of = (name: string): string => colours.get(name) ?? expect.fail(`no ${name}`)

  it.each(TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)))('%s on %s', (text, ground) => {
    expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(5)
  })

  it('what stands on the accent, and on what is marked', () => {
    expect(contrast(of('on-accent'), of('accent'))).toBeGreaterThanOrEqual(5)
    expect(contrast(of('text'), of('mark'))).toBeGreaterThanOrEqual(5)
  })

  it('borders of controls, and the focus', () => {
    for (const ground of ['bg', 'surface']) {
      expect(contrast(of('control'), of(ground))).toBeGreaterThanOrEqual(4.1)
      expect(contrast(of('focus'), of(ground))).toBeGreaterThanOrEqual(4.1)
    }
  })

  it('names of networks', () => {
    const networks = [...colours].filter(([name]) => name.startsWith('net-'))
    expect(networks.length).toBeGreaterThan(5)
    for (const [, colour] of networks) expect(contrast(colour, of('surface'))).toBeGreaterThanOrEqual(5)
  })
})
