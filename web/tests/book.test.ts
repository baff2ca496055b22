import { afterEach, describe, expect, it, vi } from 'vitest'

import { ApiError } from '../src/api/errors.ts'
import type { BookLinkView, PersonView, WayView } from '../src/api/types.gen.ts'
import { bookTrouble, everybody, loadBook, matching, openPerson, person } from '../src/state/book.ts'
import { addressOf, closedFor, readersOf, reasonOf } from '../src/views/people/reasons.ts'

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
