/** The address book: people, whichever networks they are on, and what is known of how they came together. */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
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

let loading: Promise<void> | undefined

/** Fetch all people; the first of them are shown while the others come. */
export function loadBook(): Promise<void> {
  loading ??= fetchAll().finally(() => {
    loading = undefined
  })
  return loading
}

async function fetchAll(): Promise<void> {
  const all = new Map<string, PersonView>()
  try {
    let after = ''
    do {
      // oxlint-disable-next-line no-await-in-loop -- each page says where the next one begins
      const page = await call('GET /people', { query: { after, limit: PAGE } })
      for (const person of page.items) all.set(person.id, person)
      if (!bookLoaded.value) book.value = new Map(all)
      bookLoaded.value = true
      after = page.next
    } while (after)
    book.value = all
    bookTrouble.value = null
  } catch (error) {
    bookTrouble.value = asError(error)
  }
}

// One person

export const person = signal<PersonView | null>(null)
export const personTrouble = signal<ApiError | null>(null)

let wanted = ''

/** Look at somebody, the ways to reach them included. Who has become another's part is found there. */
export async function openPerson(id: string): Promise<void> {
  if (person.value?.id !== id) person.value = null
  personTrouble.value = null
  wanted = id
  try {
    put(await call('GET /people/{person}', { path: { person: id } }), id)
  } catch (error) {
    if (wanted === id) personTrouble.value = asError(error)
  }
}

/** Put somebody as the node has just shown them, who was asked for by this id. */
function put(view: PersonView, asked = view.id): void {
  book.value = new Map(book.value).set(view.id, view)
  if (wanted !== asked && wanted !== view.id) return
  wanted = view.id
  person.value = view
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
  await Promise.all([loadBook(), loadSuggestions()])
  if (book.value.has(id)) await openPerson(id)
  else personTrouble.value = new ApiError({ code: 'not-found', detail: 'Only the file knew them.' })
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
  await openPerson(id)
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
  await Promise.all([loadBook(), loadSuggestions(), shown && openPerson(shown.id)])
}

// Suggestions, and address books from elsewhere

export const suggestions = signal<readonly SuggestionView[]>([])

export async function loadSuggestions(): Promise<void> {
  try {
    suggestions.value = (await call('GET /people/suggestions', { query: { limit: PAGE } })).items
  } catch (error) {
    bookTrouble.value = asError(error)
  }
}

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

const stale = new Set<string>()
const TOGETHER_MS = 100
/** With more than these at once the whole list is fetched. */
const FEW = 20
let timer = 0

function lookLater(id: string): void {
  stale.add(id)
  timer ||= window.setTimeout(look, TOGETHER_MS)
}

function look(): void {
  timer = 0
  const ids = [...stale]
  stale.clear()
  if (ids.length > FEW) void loadBook()
  else void Promise.all(ids.map(lookAt))
}

async function lookAt(id: string): Promise<void> {
  try {
    put(await call('GET /people/{person}', { path: { person: id } }), id)
  } catch (error) {
    if (asError(error).code === 'not-found') drop(id)
  }
}

function drop(id: string): void {
  const left = new Map(book.value)
  left.delete(id)
  book.value = left
}

listen(({ type, data }) => {
  if (!bookLoaded.value) return
  if (type === 'resync') void Promise.all([loadBook(), loadSuggestions()])
  else if (type === 'proofs.changed' || type === 'bridge.carries') {
    if (person.value) lookLater(person.value.id)
  } else if (type === 'people.suggested') void loadSuggestions()
  else if (type === 'people.removed') drop(String(data['person']))
  else if (type === 'people.changed') lookLater(String(data['person']))
  else if (type === 'message.new' || type === 'chat.changed') {
    // Where the last word was, and what is unread.
    const whose = chatOf(String(data['chat']))?.person
    if (whose) lookLater(whose)
  }
})
