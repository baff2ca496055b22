/**
 * Posts for several networks: one that is being written, with what would stand where, and those that were made. What is
 * written lies in the browser's database, and goes under a key that stays, so that nothing is lost, or posted twice.
 */

import { computed, signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError, UNREACHABLE } from '../api/errors.ts'
import { link, listen } from '../api/live.ts'
import { inTurn, rounds } from '../api/rounds.ts'
import type { DraftPost, FitView, NewPost, PostView } from '../api/types.gen.ts'
import { base64, type Chosen } from './files.ts'
import { held, isHeld, takeBackHeld } from './later.ts'
import { accounts } from './networks.ts'
import { undoS } from './settings.ts'
import { find, forget, keep } from './store.ts'

export type Visibility = NonNullable<DraftPost['visibility']>

export interface Writing {
  readonly text: string
  /** A content warning. */
  readonly title: string
  readonly visibility: Visibility
  /** Accounts that were taken out; where there is nothing to take out, it goes to all that have posts. */
  readonly without: readonly string[]
  /** An address at which all of it stands, for networks where it is too long. */
  readonly more: string
  /** Files that a network does not take are left out there. */
  readonly leaveOut: boolean
  readonly files: readonly Chosen[]
  /** Under which it was sent, and to which accounts, while nobody knows whether the node has it. */
  readonly key: string
  readonly to: readonly string[]
  /** When it leaves, in Unix seconds; 0: when the time is over in which it can be taken back. */
  readonly at: number
}

const EMPTY: Writing = {
  text: '', title: '', visibility: '', without: [], more: '', leaveOut: false, files: [], key: '', to: [], at: 0,
}
/** In the store of drafts. The node has no place for it. */
const SLOT = 'edit:new post'
const HERE_MS = 300
const PREVIEW_MS = 350

export const writing = signal<Writing>(EMPTY)
/** What would stand on each network that has posts. */
export const fits = signal<readonly FitView[]>([])
export const fitsLoaded = signal(false)
export const previewTrouble = signal<ApiError | null>(null)
/** Why it was not posted; nothing was lost. */
export const postTrouble = signal<ApiError | null>(null)
export const posting = signal(false)
/** What the node has just taken. */
export const posted = signal<PostView | null>(null)

export const chosen = computed(() => fits.value.filter((fit) => !writing.value.without.includes(fit.account)))
/** Where it would not go as it is now. */
export const refusing = computed(() => chosen.value.filter((fit) => fit.refused && fit.refused !== 'nothing'))
export const going = computed(() => chosen.value.filter((fit) => !fit.refused))
export const undescribed = computed(() =>
  writing.value.files.filter((file) => file.type.startsWith('image/') && !file.description.trim()),
)

let loaded = false
let here = 0
let asking = 0
let turn = 0

/** Go on with what was being written. */
export async function openWriting(): Promise<void> {
  if (!loaded) {
    loaded = true
    const kept = (await find('drafts', SLOT).catch(() => undefined)) as { readonly post?: Writing } | undefined
    if (kept?.post && writing.value === EMPTY) writing.value = { ...EMPTY, ...kept.post }
    // It was on its way when the page was left.
    if (writing.value.key) await post()
  }
  await preview()
}

/** Change something of it. */
export function write(change: Partial<Writing>): void {
  writing.value = { ...writing.value, ...change }
  window.clearTimeout(here)
  window.clearTimeout(asking)
  here = window.setTimeout(() => void keepNow(), HERE_MS)
  asking = window.setTimeout(() => void preview(), PREVIEW_MS)
}

const keepNow = (): Promise<unknown> => keep('drafts', SLOT, { text: '', base: '', post: writing.value }).catch(() => {})

/** Ask the node what would stand where. */
async function preview(): Promise<void> {
  const { text, title, visibility, more, leaveOut, files } = writing.value
  const all = accounts.value.map((account) => account.id)
  const mine = (turn += 1)
  if (!all.length) {
    fitsLoaded.value = true
    return
  }
  const attachments = files.map(({ name, type, blob, description }) => ({
    name, media_type: type, size_bytes: blob.size, description,
  }))
  const body = { accounts: all, text, title, visibility, more: webAddress(more), leave_out: leaveOut, attachments }
  try {
    const { items } = await call('POST /posts/preview', { body })
    if (mine !== turn) return
    fits.value = items.filter((fit) => fit.refused !== 'no-posts')
    fitsLoaded.value = true
    previewTrouble.value = null
  } catch (error) {
    if (mine === turn) previewTrouble.value = asError(error)
  }
}

const webAddress = (text: string): string => (/^https?:\/\/[^\s<>"]+$/.test(text) ? text : '')

/** What is held and was written here, as it was: for as long as this page is open. */
const heldHere = new Map<string, Writing>()

/**
 * Post it, to all that take it, `at` a time of its own if that is not 0; `posted` is what came of it. While the node
 * does not answer it is tried again.
 */
export async function post(at = 0): Promise<void> {
  if (posting.value) return
  posting.value = true
  postTrouble.value = null
  try {
    const to = going.value.map((fit) => fit.account)
    const now = writing.value.key ? writing.value : { ...writing.value, key: newKey(), to, at }
    writing.value = now
    await keepNow()
    const made = await call('POST /posts', { body: await bodyOf(now), key: now.key })
    writing.value = EMPTY
    window.clearTimeout(here)
    await forget('drafts', SLOT).catch(() => {})
    void preview()
    if (made.state === 'scheduled') {
      held(made, now.at ? 0 : Number(undoS.value), now.files)
      heldHere.set(made.id, { ...now, key: '', to: [], at: 0 })
    } else put(made)
    posted.value = made
  } catch (error) {
    postTrouble.value = asError(error)
    // The node said no: another text is another post. Where nobody answered, it may have it.
    if (postTrouble.value.code !== UNREACHABLE) write({ key: '', to: [], at: 0 })
  } finally {
    posting.value = false
  }
}

/** Go on writing instead of waiting for the node. */
export function stopWaiting(): void {
  postTrouble.value = null
  write({ key: '', to: [], at: 0 })
}

/** Take back what is held, to be written anew: beside what is being written, if there is something. */
export async function takeBackHeldPost(id: string): Promise<void> {
  const was = heldHere.get(id) ?? (await asWritten(id))
  const { text } = await takeBackHeld(id)
  const now = writing.value
  const texts = [now.text, text].filter(Boolean).join('\n\n')
  write({ ...was, title: now.title || was.title, text: texts, files: [...now.files, ...was.files] })
  heldHere.delete(id)
}

async function asWritten(id: string): Promise<Writing> {
  const { text, title, visibility } = await call('GET /posts/{post}', { path: { post: id } })
  return { ...EMPTY, text, title, visibility: visibility as Visibility }
}

async function bodyOf({ to, text, title, visibility, more, leaveOut, files, at }: Writing): Promise<NewPost> {
  const attachments = await Promise.all(
    files.map(async ({ name, type, blob, description }) => ({
      name, media_type: type, description, data: await base64(blob),
    })),
  )
  const when = at ? { send_at: at } : { send_in_s: Number(undoS.value) }
  return { accounts: to, text, title, visibility, more: webAddress(more), leave_out: leaveOut, attachments, ...when }
}

/** Without a secure address browsers have no randomUUID. */
function newKey(): string {
  const random = [...crypto.getRandomValues(new Uint8Array(16))]
  return crypto.randomUUID?.() ?? random.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

// Those that were made

const PAGE = 30
/** What the node gives at once. */
const MOST = 200
export const posts = signal<readonly PostView[]>([])
export const postsNext = signal('')
export const postsLoaded = signal(false)
export const postsTrouble = signal<ApiError | null>(null)
/** The one that is looked at, with its answers. */
export const shownPost = signal<PostView | null>(null)

const LOADS = {
  first: () => loadPage(''),
  /** What is not shown needs no second look. */
  '': () => postsLoaded.value && loadPage(''),
  more: () => loadPage(postsNext.value),
}
const look = rounds(inTurn(LOADS, (id) => lookAt(id)))

export const loadPosts = (more = false): Promise<void> => look.now(more ? 'more' : 'first')

async function loadPage(before: string): Promise<void> {
  try {
    const limit = before ? PAGE : Math.min(Math.max(PAGE, posts.value.length), MOST)
    const page = await call('GET /posts', { query: { before, limit } })
    posts.value = before ? [...posts.value, ...page.items] : page.items
    postsNext.value = page.items.length < limit ? '' : page.next
    postsLoaded.value = true
    postsTrouble.value = null
  } catch (error) {
    postsTrouble.value = asError(error)
  }
}

/** By which it was opened: one that was held has another id since it left. */
let opened = ''

export function openPost(id: string): Promise<void> {
  if (opened !== id && shownPost.value?.id !== id) shownPost.value = null
  opened = id
  return look.now(id)
}

async function lookAt(id: string): Promise<void> {
  const asked = opened
  const now = shownPost.value?.id ?? opened
  if (id !== now && id !== opened) return
  try {
    const view = await call('GET /posts/{post}', { path: { post: now } })
    if (opened !== asked) return
    shownPost.value = view
    show(view)
    postsTrouble.value = null
  } catch (error) {
    if (opened === asked) postsTrouble.value = asError(error)
  }
}

/** Put a post as the node has answered; it may be another by now. */
function put(view: PostView): void {
  show(view)
  look.again(view.id)
  look.again()
}

function show(view: PostView): void {
  if (shownPost.value?.id === view.id) shownPost.value = { ...view, answers: view.answers.length ? view.answers : shownPost.value.answers }
  if (!postsLoaded.value || isHeld({ message: view.id })) return
  const known = posts.value.some(({ id }) => id === view.id)
  posts.value = known ? posts.value.map((old) => (old.id === view.id ? view : old)) : [view, ...posts.value]
}

export async function resendPost(id: string, account: string): Promise<void> {
  put(await call('POST /posts/{post}/resend', { path: { post: id }, body: { account } }))
}

export async function editPost(id: string, text: string): Promise<void> {
  put(await call('PATCH /posts/{post}', { path: { post: id }, body: { text } }))
}

export async function takeBackPost(id: string): Promise<void> {
  put(await call('DELETE /posts/{post}', { path: { post: id } }))
}

/** The events that a post is told of by, and what they call it: one that is held is a thing of the outbox. */
const NAMED: Readonly<Record<string, string>> = { resync: '', 'post.changed': 'post', 'outbox.changed': 'message' }

listen(({ type, data }) => {
  const name = NAMED[type]
  if (name === undefined) return
  look.again()
  if (opened) look.again(name ? String(data[name]) : opened)
})
link.subscribe((state) => {
  if (state === 'up' && writing.value.key && !posting.value) void post()
})
