/** What became of a deletion is what the node says last, in whichever order its answers and events come. */

import { afterEach, expect, it } from 'vitest'

import type { DeletionView } from '../src/api/types.gen.ts'
import { deletions, destroy, loadDeletions } from '../src/state/deletions.ts'
import { leave, slowNode, tell } from './slow.ts'

const view = (id: string, state: string): DeletionView =>
  ({ id, targets: [`m${id}`], places: [{ state }] }) as unknown as DeletionView
const stateOf = (id: string): string | undefined => deletions.value.get(id)?.places[0]?.state

afterEach(leave)

it('is looked at again when it is asked for: it may be through before that is answered', async () => {
  const node = slowNode()
  const made = destroy(['m7'], true)
  const asked = await node.asked('POST /deletions')
  tell('message.deleted', { chat: '1', message: 'm7' })
  await asked.answer(view('7', 'asked'))
  expect(await made).toBe('7')
  expect(stateOf('7')).toBe('asked')
  await (await node.asked('GET /deletions/7')).answer(view('7', 'gone'))
  expect(stateOf('7')).toBe('gone')
})

it('is not of before where two answers pass each other by', async () => {
  const node = slowNode()
  tell('message.changed', { chat: '1', message: 'm7' })
  await node.passBy('GET /deletions/7', view('7', 'asked'), () => tell('message.deleted', { message: 'm7' }), view('7', 'gone'))
  expect(stateOf('7')).toBe('gone')
})

it('is not of before where the list passes it by', async () => {
  const node = slowNode()
  const loaded = loadDeletions()
  const list = await node.asked('GET /deletions')
  tell('deletion.changed', { deletion: '8' })
  await list.answer({ items: [view('8', 'asked')], next: '' })
  await loaded
  await (await node.asked('GET /deletions/8')).answer(view('8', 'confirmed'))
  expect(stateOf('8')).toBe('confirmed')
})
