/** Answers pass each other by, and events pass by answers: what is shown is what the node has in the end. */

import { afterEach, describe, expect, it } from 'vitest'

import type { Datum, Events, OutboxView, SettingView } from '../src/api/types.gen.ts'
import { consents, loadConsents } from '../src/state/consent.ts'
import { devices, loadDevices } from '../src/state/devices.ts'
import { changeSetting, checks, loadNodeSettings, nodeSettings, runChecks } from '../src/state/health.ts'
import { chatOf, inbox, loadInbox, putChat } from '../src/state/inbox.ts'
import { loadWaiting, takeBackHeld, waiting } from '../src/state/later.ts'
import { accounts, loadNetworks } from '../src/state/networks.ts'
import { contacts, loadPeople } from '../src/state/people.ts'
import { loadOwnProofs, ownProofs } from '../src/state/proofs.ts'
import { refresh, stage, unlock } from '../src/state/session.ts'
import { language, setLanguage, t } from '../src/text/t.ts'
import { leave, slowNode, tell } from './slow.ts'

const NONE = { items: [], next: '' }
const QUICK = { 'GET /bridges': NONE, 'GET /invites': NONE, 'GET /nodes': NONE, 'GET /session': { csrf: 'x' } }
const only = (id: string) => ({ ...NONE, items: [{ id, kind: 'direct', title: id }] })

type Shown = { readonly value: readonly unknown[] }
type Told = readonly [keyof Events | 'resync', Readonly<Record<string, Datum>>]
const LISTS: readonly (readonly [string, () => Promise<void>, Shown, Told])[] = [
  ['GET /chats', loadInbox, inbox, ['contact.new', { contact: '1' }]],
  ['GET /contacts', loadPeople, contacts, ['contact.changed', { contact: '1' }]],
  ['GET /accounts', loadNetworks, accounts, ['bridge.changed', { account: 'a1' }]],
  ['GET /outbox', loadWaiting, waiting, ['outbox.changed', { message: 'w1', chat: '1' }]],
  ['GET /devices', loadDevices, devices, ['resync', {}]],
  ['GET /consents', loadConsents, consents, ['resync', {}]],
  ['GET /proofs', loadOwnProofs, ownProofs, ['proofs.changed', {}]],
  ['GET /settings', loadNodeSettings, nodeSettings, ['settings.changed', { setting: 'x' }]],
]

afterEach(leave)

describe.each(LISTS)('%s', (what, load, shown, told) => {
  it('is asked for again where something is told while it is answered for the first time', async () => {
    const node = slowNode(QUICK)
    void load()
    await node.passBy(what, only('old'), () => tell(...told), only('new'))
    expect(shown.value).toMatchObject([{ id: 'new' }])
  })

  it('is not the older of two', async () => {
    const node = slowNode(QUICK)
    void load()
    await node.passBy(what, only('old'), () => void load(), only('new'))
    expect(shown.value).toMatchObject([{ id: 'new' }])
  })
})

describe('a conversation in the list', () => {
  const chat = (unread: number) => ({ id: '7', kind: 'direct', title: 'Ben', unread })

  it('is as it was looked at last, though the list comes late', async () => {
    const node = slowNode()
    void loadInbox()
    const heard = (): void => tell('message.new', { chat: '7', message: 'm1', mine: false })
    await node.passBy('GET /chats', { items: [chat(0)] }, heard, chat(1), 'GET /chats/7')
    expect(chatOf('7')?.unread).toBe(1)
  })

  it('is not of before where two looks pass each other by', async () => {
    const node = slowNode()
    const heard = (): void => tell('chat.changed', { chat: '7' })
    heard()
    await node.passBy('GET /chats/7', chat(1), heard, chat(2))
    expect(chatOf('7')?.unread).toBe(2)
  })

  it('is looked at again when it was read: more may have come since', async () => {
    const node = slowNode()
    putChat(chat(0) as never)
    expect(chatOf('7')?.unread).toBe(0)
    await (await node.asked('GET /chats/7')).answer(chat(3))
    expect(chatOf('7')?.unread).toBe(3)
  })
})

describe('the node', () => {
  it('is locked or not as it said last', async () => {
    const node = slowNode({ ...QUICK, 'POST /unlock': {} })
    void refresh()
    await node.passBy('GET /status', { state: 'locked' }, () => void unlock('words'), { state: 'empty' })
    expect(stage.value).toBe('start')
  })

  it('has the settings of its last word, and is as it was examined last', async () => {
    const node = slowNode()
    const setting = (value: string) => ({ id: 's', name: 'x', value, default: '' }) as unknown as SettingView
    nodeSettings.value = [setting('a')]
    const changed = changeSetting(setting('a'), 'b')
    const asked = await node.asked('PATCH /settings/x')
    tell('settings.changed', { setting: 'x' })
    await (await node.asked('GET /settings')).answer({ items: [setting('c')] })
    await asked.answer(setting('b'))
    await changed
    await (await node.asked('GET /settings')).answer({ items: [setting('c')] })
    expect(nodeSettings.value).toMatchObject([{ value: 'c' }])

    void runChecks()
    await node.passBy('GET /doctor', only('old'), () => void runChecks(), only('new'))
    expect(checks.value).toMatchObject([{ id: 'new' }])
  })

  it('has what waits as it says last, though something was taken back meanwhile', async () => {
    const node = slowNode({ 'POST /messages/w1/cancel': { text: 'hi' } })
    const row = { message: 'w1' } as OutboxView
    waiting.value = [row]
    void loadWaiting()
    await node.passBy('GET /outbox', { items: [row] }, () => void takeBackHeld('w1'), { items: [] })
    expect(waiting.value).toEqual([])
  })
})

it('the page speaks the language that was chosen last, whichever comes first', async () => {
  const german = setLanguage('de')
  await setLanguage('en')
  await german
  expect([language.value, document.documentElement.lang, t('cancel')]).toEqual(['en', 'en', 'Cancel'])
})
