import { expect, it } from 'vitest'

import { moves } from '../src/state/moving.ts'

const ascii = (said: string): number[] => [...said].map((char) => char.charCodeAt(0))
const bytes = (...parts: (number[] | string)[]): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => (typeof part === 'string' ? ascii(part) : part)))

const screen = (flags: number): number[] => [1, 0, 1, 0, flags, 0, 0]
const frame = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]
const control = [0x21, 0xf9, 4, 0, 10, 0, 0, 0]
const colours = [0, 0, 0, 255, 255, 255]
const chunk = (kind: string, data: number[] = []): number[] => [0, 0, 0, data.length, ...ascii(kind), ...data, 0, 0, 0, 0]
const png = [0x89, ...ascii('PNG'), 13, 10, 26, 10]
const webp = (flags: number): Uint8Array => bytes('RIFF', [0, 0, 0, 0], 'WEBPVP8X', [10, 0, 0, 0], [flags, 0, 0, 0])

it.each([
  ['a GIF of one frame', bytes('GIF89a', screen(0x80), colours, control, frame, [0x3b]), false],
  ['a GIF of two', bytes('GIF89a', screen(0x80), colours, control, frame, control, frame, [0x3b]), true],
  ['one without colours of its own', bytes('GIF89a', screen(0), frame, frame, [0x3b]), true],
  ['a PNG', bytes(png, chunk('IHDR', [1, 2]), chunk('IDAT', [3]), chunk('acTL')), false],
  ['an animated PNG', bytes(png, chunk('IHDR', [1, 2]), chunk('acTL', [0]), chunk('IDAT', [3])), true],
  ['a WebP', webp(0b10000), false],
  ['an animated WebP', webp(0b10010), true],
  ['a WebP of the simple kind', bytes('RIFF', [0, 0, 0, 0], 'WEBPVP8 '), false],
  ['nothing', bytes(), false],
  ['a GIF that ends too soon', bytes('GIF89a', screen(0x80)), false],
  ['a PNG that says less than it has', bytes(png, [255, 255, 255, 255], 'IHDR'), false],
])('%s', (_, picture, expected) => {
  expect(moves(picture)).toBe(expected)
})
