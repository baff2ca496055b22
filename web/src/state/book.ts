/** The address book: people, whichever networks they are on, and what is known of how they came together. */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type {
  ChangeView, Importing, ImportView, PersonChange, PersonView, SuggestionView,
} from '../api/types.gen.ts'
import { chatOf } from './inbox.ts'

const PAGE = 200

const book = signal<ReadonlyMap<string, PersonView>>(new Map())
export const bookLoaded = signal(false)
export const bookTrouble = signal<ApiError | null>(null)
/** What is looked for in the list. */
export const lookedFor = signal('')

const byName = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true })
export const everybody = computed(() => [...book.value.values()].toSorted((a, b) => byName.compare(a.name, b.name)))
export const found = computed(() => matching(everybody.value, lookedFor.value))

/** Those who have each of the words in their name, or in an address of theirs. */
export function matching(people: readonly PersonView[], said: string): readonly PersonView[] {
  const words = folded(said).split(' ').filter(Boolean)
  if (!words.length) return people
  return people.filter((person) => {
    const text = folded([person.name, ...person.links.flatMap(({ name, handle }) => [name, handle])].join('\n'))
    return words.every((word) => text.includes(word))
  })
}

/** Without regard to case and accents. */
const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

export const known = (id: string): PersonView | undefined => book.value.get(id)

const NEXT = 'next page'
/** With more than these at once the whole list is fetched. */
const FEW = 20

/** Single people, and pages of the list between them: nobody waits for all of it. */
const look = rounds((what) => {
  const ids = what.filter((id) => id && id !== NEXT)
  const many = ids.length > FEW
  if (many) list.again()
  const few = many ? ids.filter((id) => id === wanted) : ids
  return Promise.all([what.includes(NEXT) && loadPage(), ...few.map(lookAt)])
})

/** Those on the pages so far while the list comes; who is looked at meanwhile is among them as they are now. */
let coming: Map<string, PersonView> | null = null
let after = ''

const list = rounds(async () => {
  coming = new Map()
  after = ''
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next one begins
    await look.now(NEXT)
  } while (after)
  if (coming) book.value = coming
  coming = null
})

/** Fetch all people; the first of them are shown while the others come. */
export const loadBook = (): Promise<void> => list.now()

async function loadPage(): Promise<void> {
  try {
    const { items, next } = await call('GET /people', { query: { after, limit: PAGE } })
    for (const one of items) coming?.set(one.id, one)
    if (coming && !bookLoaded.value) book.value = new Map(coming)
    after = next
    bookLoaded.value = true
    bookTrouble.value = null
  } catch (error) {
    coming = null
    after = ''
    bookTrouble.value = asError(error)
  }
}

// One person

export const person = signal<PersonView | null>(null)
export const personTrouble = signal<ApiError | null>(null)

let wanted = ''

/** Look at somebody, the ways to reach them included. Who has become another's part is found there. */
export function openPerson(id: string): Promise<void> {
  if (person.value?.id !== id) person.value = null
  personTrouble.value = null
  wanted = id
  return look.now(id)
}

async function lookAt(id: string): Promise<void> {
  try {
    const view = await call('GET /people/{person}', { path: { person: id } })
    if (view.id !== id) drop(id)
    show(view, id)
  } catch (error) {
    const problem = asError(error)
    if (problem.code === 'not-found') drop(id)
    if (wanted === id) personTrouble.value = problem
  }
}

/** Show somebody as the node has them, who was asked for by this id. */
function show(view: PersonView, asked: string): void {
  coming?.set(view.id, view)
  book.value = new Map(book.value).set(view.id, view)
  if (wanted !== asked && wanted !== view.id) return
  wanted = view.id
  person.value = view
  personTrouble.value = null
}

function drop(id: string): void {
  coming?.delete(id)
  const left = new Map(book.value)
  left.delete(id)
  book.value = left
}

/** Put somebody as the node has answered; they may be another by now. */
function put(view: PersonView): void {
  show(view, view.id)
  look.again(view.id)
}

export async function change(id: string, asked: PersonChange): Promise<void> {
  put(await call('PATCH /people/{person}', { path: { person: id }, body: asked }))
}

export async function merge(into: string, other: string): Promise<ChangeView> {
  const made = await call('POST /people/{person}/merge', { path: { person: into }, body: { other } })
  await changed()
  return made
}

export async function split(id: string, links: readonly string[]): Promise<ChangeView> {
  const made = await call('POST /people/{person}/split', { path: { person: id }, body: { links } })
  await changed()
  return made
}

/** Forget what came of somebody from a file. */
export async function forgetImported(id: string): Promise<void> {
  await call('DELETE /people/{person}', { path: { person: id } })
  await changed()
}

/** Look now at the accounts that they say are theirs. */
export async function check(id: string): Promise<void> {
  put(await call('POST /people/{person}/check', { path: { person: id } }))
}

/** Ask a contact to show, to each other alone, whose accounts these are; or say yes where they have asked. */
export async function challenge(id: string, via: string): Promise<void> {
  put(await call('POST /people/{person}/challenge', { path: { person: id }, body: { via } }))
}

/** Say no to what they ask. */
export async function refuseChallenge(id: string): Promise<void> {
  put(await call('DELETE /people/{person}/challenge', { path: { person: id } }))
}

/** Ask somebody, in a conversation on another network, to talk from node to node. */
export async function talkPrivately(id: string, via: string): Promise<void> {
  await call('POST /people/{person}/private', { path: { person: id }, body: { via } })
  await look.now(id)
}

/** Let a conversation on another network carry what is said in private, or not. */
export async function letCarry(id: string, via: string, on: boolean): Promise<void> {
  put(await call('PUT /people/{person}/carry', { path: { person: id }, body: { via, on } }))
}

/** How somebody came together, the last change first. */
export const changesOf = async (id: string, before = ''): Promise<{ items: readonly ChangeView[]; next: string }> =>
  call('GET /people/changes', { query: { person: id, before } })

export async function undo(id: string): Promise<ChangeView> {
  const undone = await call('POST /people/changes/{change}/undo', { path: { change: id } })
  await changed()
  return undone
}

/** All of it may look different now. */
async function changed(): Promise<void> {
  const shown = person.value
  await Promise.all([loadBook(), loadSuggestions(), shown && look.now(shown.id)])
}

// Suggestions, and address books from elsewhere

export const suggestions = signal<readonly SuggestionView[]>([])

const offers = rounds(async () => {
  try {
    suggestions.value = (await call('GET /people/suggestions', { query: { limit: PAGE } })).items
  } catch (error) {
    bookTrouble.value = asError(error)
  }
})
export const loadSuggestions = (): Promise<void> => offers.now()

export async function acceptSuggestion(id: string): Promise<ChangeView> {
  const made = await call('POST /people/suggestions/{suggestion}/accept', { path: { suggestion: id } })
  await changed()
  return made
}

export async function refuseSuggestion(id: string): Promise<void> {
  await call('POST /people/suggestions/{suggestion}/refuse', { path: { suggestion: id } })
  await loadSuggestions()
}

/** Take an address book in, or say what that would do. */
export async function importBook(asked: Importing): Promise<ImportView> {
  const done = await call('POST /people/import', { body: asked })
  if (!done.dry_run) await changed()
  return done
}

// What happens

listen(({ type, data }) => {
  if (type === 'resync') {
    list.again()
    offers.again()
    look.again(wanted)
  } else if (type === 'proofs.changed' || type === 'bridge.carries') look.again(wanted)
  else if (type === 'people.suggested') offers.again()
  else if (type === 'people.removed' || type === 'people.changed') look.again(String(data['person']))
  else if (type === 'message.new' || type === 'chat.changed') {
    // Where the last word was, and what is unread.
    const whose = chatOf(String(data['chat']))?.person
    if (whose) look.again(whose)
  }
})
