/** What is open shows what the node has in the end, in whichever order it answers and tells. */

import { afterEach, describe, expect, it } from 'vitest'

import type { MessageView } from '../src/api/types.gen.ts'
import { closeChat, loadOlder, open, openChat, openTalk, react, turn } from '../src/state/chat.ts'
import { leave, slowNode, type SlowNode, tell } from './slow.ts'

const message = (id: number, text = `${id}`): MessageView =>
  ({ id: `m${id}`, chat: '1', kind: 'text', text, mine: true, expires_in_s: null }) as unknown as MessageView
/** A full page goes on before its first message. */
const page = (from: number, to: number) => ({
  items: Array.from({ length: to - from + 1 }, (_, at) => message(from + at)), prev: `m${from}`, next: '',
})
const LAST = 'GET /chats/1/messages'
const texts = (): string[] => open.value.messages.map(({ text }) => text)
const heard = (type: 'message.new' | 'message.changed', id: string): void =>
  tell(type, { chat: '1', message: id, ...(type === 'message.new' ? { mine: true } : {}) })

async function opened(node: SlowNode, first: object): Promise<void> {
  const loaded = openChat('1')
  await (await node.asked(LAST)).answer(first)
  await loaded
}

afterEach(async () => {
  closeChat(turn())
  await leave()
})

describe('a conversation', () => {
  it('has its last messages, though an older answer comes after a younger one', async () => {
    const node = slowNode()
    void openChat('1')
    await node.passBy(LAST, page(1, 1), () => heard('message.new', 'm2'), page(1, 2))
    expect(texts()).toEqual(['1', '2'])
  })

  it('shows a message as it was looked at last', async () => {
    const node = slowNode()
    await opened(node, page(1, 2))
    const changed = (): void => heard('message.changed', 'm1')
    changed()
    await node.passBy('GET /messages/m1', message(1, 'old'), changed, message(1, 'new'))
    expect(texts()).toEqual(['new', '2'])
  })

  it('looks again at what was done to a message: more may have been done since', async () => {
    const node = slowNode()
    await opened(node, page(1, 2))
    const done = react('m1', '👍')
    const asked = await node.asked('PUT /messages/m1/reaction')
    heard('message.changed', 'm1')
    await (await node.asked('GET /messages/m1')).answer(message(1, 'new'))
    await asked.answer(message(1, 'old'))
    await done
    await (await node.asked('GET /messages/m1')).answer(message(1, 'new'))
    expect(texts()).toEqual(['new', '2'])
  })

  it('looks at messages of an older page that was on its way when they changed', async () => {
    const node = slowNode()
    await opened(node, page(61, 120))
    void loadOlder()
    await node.passBy(LAST, page(1, 60), () => heard('message.changed', 'm1'), message(1, 'new'), 'GET /messages/m1')
    expect(texts().slice(0, 2)).toEqual(['new', '2'])
    expect(texts()).toHaveLength(120)
  })

  it('stays in the past where it was opened, whatever comes meanwhile', async () => {
    const node = slowNode()
    const loaded = openChat('1', 'm5')
    const asked = await node.asked(LAST)
    heard('message.new', 'm99')
    await new Promise((done) => void setTimeout(done, 100))
    await asked.answer({ ...page(1, 9), next: 'm9' })
    await loaded
    expect(texts()).toHaveLength(9)
    heard('message.changed', 'm5')
    await (await node.asked('GET /messages/m5')).answer(message(5, 'new'))
    expect([texts()[4], open.value.newer]).toEqual(['new', 'm9'])
  })

  it('is not another one that was opened before', async () => {
    const node = slowNode()
    void openTalk('p1', [])
    const before = await node.asked('GET /people/p1/messages')
    void openChat('1')
    await (await node.asked(LAST)).answer(page(7, 8))
    await before.answer(page(1, 2))
    expect(texts()).toEqual(['7', '8'])
  })

  it('is not read by what was seen in another one', async () => {
    const unread = (id: number) => ({ items: [{ ...message(id), mine: false, unread: true }], prev: '', next: '' })
    const node = slowNode()
    await opened(node, unread(1))
    await (await node.asked('POST /chats/1/read')).answer({ id: '1' })
    void openChat('2')
    document.dispatchEvent(new Event('visibilitychange'))
    await (await node.asked('GET /chats/2/messages')).answer(unread(9))
    expect((await node.asked('POST /chats/2/read')).body).toEqual({ up_to: 'm9' })
  })
})
