import { afterEach, describe, expect, it, vi } from 'vitest'

import { ApiError } from '../src/api/errors.ts'
import type { BookLinkView, PersonView, WayView } from '../src/api/types.gen.ts'
import {
  bookTrouble, change, everybody, known, loadBook, loadSuggestions, matching, openPerson, person, personTrouble, suggestions,
} from '../src/state/book.ts'
import { addressOf, closedFor, readersOf, reasonOf } from '../src/views/people/reasons.ts'
import { leave, slowNode, tell } from './slow.ts'

// As far as it is looked at here.
const link = (more: Partial<BookLinkView> = {}): BookLinkView =>
  ({ id: '1', network: '', remote_id: 'r', name: '', handle: '', reason: 'known', cause: '', ...more }) as BookLinkView
const somebody = (id: string, name: string, ...links: BookLinkView[]): PersonView =>
  ({ id, name, links }) as unknown as PersonView
const way = (more: Partial<WayView> = {}): WayView =>
  ({ network: 'demo', privacy: 'operator_reads', usable: true, why: '', healthy: true, ...more }) as WayView

/** A node that answers each path in turn. */
function answering(answers: Readonly<Record<string, unknown>>): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const body = answers[url.replace('/api/v1', '')]
    const status = body === undefined ? 404 : 200
    return Promise.resolve(new Response(JSON.stringify(body ?? { code: 'not-found', detail: 'No.' }), { status }))
  })
  return asked
}

afterEach(() => vi.unstubAllGlobals())

describe('looking for somebody', () => {
  const zoe = somebody('p1', 'Zoë Adler', link({ handle: 'zoe@example.org' }))
  const ben = somebody('p2', 'Ben', link({ name: 'benny' }))

  it.each([
    ['', [zoe, ben]],
    ['zoe', [zoe]],
    ['ADLER z', [zoe]],
    ['example', [zoe]],
    ['benn', [ben]],
    ['ben adler', []],
  ])('%s', (said, found) => {
    expect(matching([zoe, ben], said)).toEqual(found)
  })
})

describe('the address book', () => {
  it('comes page by page, and stands by name', async () => {
    const asked = answering({
      '/people?limit=200': { items: [somebody('p2', 'ben'), somebody('p9', 'Ada')], next: 'p9' },
      '/people?after=p9&limit=200': { items: [somebody('p1', 'Zoë')], next: '' },
    })
    await loadBook()
    expect(everybody.value.map(({ name }) => name)).toEqual(['Ada', 'ben', 'Zoë'])
    expect(asked).toHaveLength(2)
    expect(bookTrouble.value).toBeNull()
  })

  it('what was there stays when the node is away', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    const before = everybody.value
    await loadBook()
    expect(everybody.value).toBe(before)
    expect(bookTrouble.value).toBeInstanceOf(ApiError)
  })

  it('who has become a part of another is found there', async () => {
    answering({ '/people/p7': somebody('p2', 'Ben') })
    await openPerson('p7')
    expect(person.value?.id).toBe('p2')
  })
})

describe('people whose answers pass by', () => {
  const list = (...items: PersonView[]) => ({ items, next: '' })
  afterEach(leave)

  it('are as they were looked at last, though the list comes late', async () => {
    const node = slowNode()
    const loaded = loadBook()
    await (await node.asked('GET /people')).answer({ ...list(somebody('p1', 'old'), somebody('p3', 'gone')), next: 'p3' })
    const last = await node.asked('GET /people')
    tell('people.changed', { person: 'p1' })
    tell('people.removed', { person: 'p3' })
    await last.answer(list(somebody('p2', 'Ben')))
    await loaded
    await (await node.asked('GET /people/p1')).answer(somebody('p1', 'new'))
    await (await node.asked('GET /people/p3')).answer({ code: 'not-found', detail: 'No.' }, 404)
    expect(everybody.value.map(({ name }) => name)).toEqual(['Ben', 'new'])
  })

  it('are looked at between two pages: nobody waits for all of them', async () => {
    const node = slowNode()
    const loaded = loadBook()
    const first = await node.asked('GET /people')
    void openPerson('p1')
    await first.answer({ ...list(somebody('p1', 'old')), next: 'p1' })
    await (await node.asked('GET /people/p1')).answer(somebody('p1', 'new'))
    expect(person.value?.name).toBe('new')
    await (await node.asked('GET /people')).answer(list())
    await loaded
    expect(known('p1')?.name).toBe('new')
  })

  it('are looked at again when they were changed', async () => {
    const node = slowNode()
    const done = change('p1', { name: 'mine' })
    const asked = await node.asked('PATCH /people/p1')
    tell('people.changed', { person: 'p1' })
    await (await node.asked('GET /people/p1')).answer(somebody('p1', 'theirs'))
    await asked.answer(somebody('p1', 'mine'))
    await done
    await (await node.asked('GET /people/p1')).answer(somebody('p1', 'theirs'))
    expect(known('p1')?.name).toBe('theirs')
  })

  it('that are gone say so, and are nobody any more whoever they became a part of', async () => {
    const node = slowNode()
    void openPerson('p1')
    await (await node.asked('GET /people/p1')).answer({ code: 'not-found', detail: 'No.' }, 404)
    expect([personTrouble.value?.code, known('p1')]).toEqual(['not-found', undefined])
    tell('people.removed', { person: 'p2' })
    await (await node.asked('GET /people/p2')).answer(somebody('p5', 'Both'))
    expect([known('p2'), known('p5')?.name]).toEqual([undefined, 'Both'])
  })

  it('come together as was suggested last', async () => {
    const node = slowNode()
    void loadSuggestions()
    const told = (): void => tell('people.suggested', { suggestion: '1' })
    await node.passBy('GET /people/suggestions', { items: [{ id: 'old' }] }, told, { items: [] })
    expect(suggestions.value).toEqual([])
  })
})

describe('in plain words', () => {
  it('why an account is theirs', () => {
    expect(reasonOf(link())).toBe('You know them by this account.')
    expect(reasonOf(link({ reason: 'said', cause: 'owner' }))).toBe('Linked by you.')
    expect(reasonOf(link({ reason: 'said', cause: 'same-address' }))).toBe('Linked by you. (the same address)')
    expect(reasonOf({ ...link(), cause: 'unheard-of' })).toContain('unheard-of')
  })

  it('the address that people type, else what is there', () => {
    expect(addressOf(link({ handle: 'a@b', name: 'A' }))).toBe('a@b')
    expect(addressOf(link({ name: 'A' }))).toBe('A')
    expect(addressOf(link())).toBe('r')
  })

  it('who can read along, and what is closed', () => {
    expect(readersOf(way({ network: '' }))).toBe('Only the two of you can read this.')
    expect(readersOf(way())).toBe('The servers of demo can read this.')
    expect(readersOf(way({ privacy: 'later' }))).toContain('has not said yet')
    expect(closedFor(way())).toBe('')
    expect(closedFor(way({ usable: false, why: 'paused' }))).toBe('Closed: your account rests.')
    expect(closedFor(way({ usable: false, why: 'unheard-of' }))).not.toBe('')
    expect(closedFor(way({ healthy: false }))).toContain('waits')
  })
})
