/** Screens that take steps: what is answered for a step that is over, or to a screen that was left, changes nothing. */

import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import type { ContactView, LoginView } from '../src/api/types.gen.ts'
import { suggestions } from '../src/state/book.ts'
import { moreTexts } from '../src/text/t.ts'
import { Login } from '../src/views/networks/Login.tsx'
import { Settle } from '../src/views/networks/Settle.tsx'
import { Changes } from '../src/views/people/changes.tsx'
import { Check } from '../src/views/people/Check.tsx'
import { leave, slowNode } from './slow.ts'

const POLL_S = 0.02
const step = (title: string, poll: number | null = null) => ({
  id: title, kind: 'confirm', title, text: '', fields: [], show: {}, error: '', poll_every_s: poll,
})
const login = (title: string, poll: number | null = null) =>
  ({ id: 'l1', network: 'demo', turn: title, step: step(title, poll), account: '' }) as unknown as LoginView
const QUICK = { 'GET /bridges': { items: [] }, 'GET /accounts': { items: [] } }

const page = (): HTMLElement => document.body
const says = (text: string): Promise<void> => vi.waitFor(() => expect(page().textContent).toContain(text), 4_000)
const press = (name: string): void =>
  [...page().querySelectorAll('button')].find((button) => button.textContent === name)?.click()
const show = (screen: preact.ComponentChild): void => void act(() => render(screen, page()))

beforeAll(moreTexts)
beforeEach(() => history.replaceState(null, '', '/elsewhere'))
afterEach(async () => {
  show(null)
  await leave()
})

describe('a login', () => {
  it('does not go back to a step that was looked at before it was answered', async () => {
    const node = slowNode(QUICK)
    show(<Login network="demo" account="" />)
    await (await node.asked('POST /logins')).answer(login('first', POLL_S))
    await says('first')
    const looked = await node.asked('POST /logins/l1/tick')
    press('Yes')
    await (await node.asked('POST /logins/l1')).answer(login('second'))
    await says('second')
    await looked.answer(login('first', POLL_S))
    await says('second')
  })

  it('is ended where the page was left before it began', async () => {
    const node = slowNode(QUICK)
    show(<Login network="demo" account="" />)
    const asked = await node.asked('POST /logins')
    show(null)
    await asked.answer(login('first'))
    await node.asked('DELETE /logins/l1')
  })
})

it('what is settled leads nowhere where the page was left', async () => {
  const node = slowNode(QUICK)
  show(<Settle account="a1" matter="m1" />)
  const asked = await node.asked('POST /accounts/a1/matters/m1')
  show(null)
  await asked.answer({ step: null })
  expect(location.pathname).toBe('/elsewhere')
})

it('changes to somebody are those of the last answer', async () => {
  const node = slowNode()
  const list = (undone: boolean) => ({ items: [{ id: '1', at: 1, kind: 'split', cause: 'owner', moved: [], undone }], next: '' })
  show(<Changes of="" />)
  await node.passBy('GET /people/changes', list(false), () => act(() => void (suggestions.value = [])), list(true))
  await says('undone')
  expect([...page().querySelectorAll('button')]).toEqual([])
})

it('words to compare are those of the keys that stand there now', async () => {
  const node = slowNode()
  const ben = { id: '1', name: 'Ben', standing: 'confirmed', alerts: [] } as unknown as ContactView
  const words = (word: string) => ({ words: [word], digits: [], qr: '', verified: false })
  const shown = (contact: ContactView): void => show(<Check contact={contact} onClose={() => {}} />)
  shown(ben)
  await node.passBy('GET /contacts/1/safety', words('before'), () => shown({ ...ben, standing: 'key-alert' }), words('now'))
  await says('now')
  expect(page().textContent).not.toContain('before')
})
