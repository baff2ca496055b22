/** What the node holds for a moment or until a time: what is shown of it, by whichever clock. */

import { beforeEach, expect, test } from 'vitest'

import type { MessageView, OutboxView } from '../src/api/types.gen.ts'
import { held, isHeld, secondsLeft, waiting } from '../src/state/later.ts'

const NOW_S = 1_800_000_000
const row = (more: Partial<OutboxView> = {}): OutboxView => ({
  message: 'w7', what: 'message', chat: '1', title: 'Ben', title_translations: {}, state: 'scheduled', since: NOW_S, network: '', text: 'hi',
  reason: '', says: '', send_at: NOW_S + 5, accounts: [], ...more,
})
const said = (id: string): MessageView =>
  ({ id, chat: '1', text: 'hi', state: 'scheduled', send_at: NOW_S + 5, wall_s: NOW_S, network: '' }) as MessageView

beforeEach(() => {
  waiting.value = []
})

test('what waits for its time is told from what is on its way', () => {
  expect(isHeld(row())).toBe(true)
  for (const message of ['m7', 'aa'.repeat(32), 'wx', '']) expect(isHeld(row({ message }))).toBe(false)
})

test('seconds are counted for short waits alone', () => {
  expect(secondsLeft(row(), NOW_S * 1_000 + 1_200)).toBe(4)
  expect(secondsLeft(row(), NOW_S * 1_000 + 9_000)).toBe(0)
  expect(secondsLeft(row({ send_at: NOW_S + 601 }), NOW_S * 1_000)).toBeNull()
  expect(secondsLeft(row({ reason: 'blocked' }), NOW_S * 1_000)).toBeNull()
})

test("what this page has said counts by this browser's clock, and stands there once", () => {
  held(said('w8'), 30, [])
  held(said('w8'), 30, [])
  expect(waiting.value.map(({ message }) => message)).toEqual(['w8'])
  const [shown] = waiting.value
  expect(secondsLeft(shown as OutboxView, Date.now())).toBe(30)
})
