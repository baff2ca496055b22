/**
 * Posts of all networks by time, the newest first: a window of them, which never moves under whoever reads. What comes
 * meanwhile is counted, and shown when it is asked for.
 */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { inTurn, type Rounds, rounds } from '../api/rounds.ts'
import type { AbilitiesView, MessageView } from '../api/types.gen.ts'
import { chatOf } from './inbox.ts'

const PAGE = 40
/** Posts that are kept; the oldest go first. */
const MOST = 2_000

export interface Timeline {
  /** The conversation whose posts alone are shown; empty for all. */
  readonly of: string
  readonly posts: readonly MessageView[]
  /** Where older posts begin; empty at the beginning. */
  readonly older: string
  readonly loaded: boolean
  readonly loading: boolean
  readonly trouble: ApiError | null
}

/** Posts that came since, and where older ones than those begin; `apart` if there may be more between. */
export interface Fresh {
  readonly posts: readonly MessageView[]
  readonly older: string
  readonly apart: boolean
}

const NONE: Timeline = { of: '', posts: [], older: '', loaded: false, loading: false, trouble: null }
const NOTHING: Fresh = { posts: [], older: '', apart: false }
export const timeline = signal<Timeline>(NONE)
export const fresh = signal<Fresh>(NOTHING)
/** Posts with a warning that were opened. */
export const opened = signal<ReadonlySet<string>>(new Set())
/** What can be done with the posts of each conversation. */
export const abilities = signal<Readonly<Record<string, AbilitiesView>>>({})
/** The post that was read when the screen or the page was left; empty for the newest. */
export const place = { id: '' }

const PLACE = 'timeline'
/** Pages that are fetched to come back to it. */
const BACK = 10

/** The page is being left: who loads it anew reads on. It holds until the tab is closed. */
export function keepPlace(id: string): void {
  place.id = id
  try {
    sessionStorage.setItem(PLACE, JSON.stringify([timeline.value.of, id]))
  } catch {
    // a browser that keeps nothing
  }
}

function keptPlace(): readonly [string, string] {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? '["", ""]') as [string, string]
  } catch {
    return ['', '']
  }
}

const READ = new Set(['timeline', 'list', 'feed'])

/** A page of posts, the newest first, and where older ones begin. */
async function pageOf(of: string, before = ''): Promise<Fresh> {
  const query = { before, limit: PAGE }
  const page = of
    ? await call('GET /chats/{chat}/messages', { path: { chat: of }, query })
    : await call('GET /timeline', { query })
  const older = page.items.length < PAGE ? '' : page.prev
  return { posts: page.items.filter(isShown).toReversed(), older, apart: false }
}

const isShown = ({ kind }: MessageView): boolean => kind !== 'deleted'

const TOGETHER_MS = 200

/** Each opening has rounds of its own; what was asked for in those of another one comes too late. */
let look = rounds(() => Promise.resolve())

function begin(): Rounds {
  const mine: Rounds = rounds(inTurn(LOADS, lookAt, () => mine === look), TOGETHER_MS)
  return (look = mine)
}

/** Show the posts of all, or of one conversation. What is shown already stays, and what came since is counted. */
export function openTimeline(wanted?: string): Promise<void> {
  const now = timeline.value
  const [was, id] = keptPlace()
  const of = wanted ?? (now.loaded ? now.of : was)
  if (now.loaded && now.of === of) return look.now('newer')
  timeline.value = { ...NONE, of, loading: true }
  fresh.value = NOTHING
  place.id = of === was && !now.loaded ? id : ''
  return begin().now('first')
}

/** Ask for something of what is open. It is not given where something else is open by then. */
async function ask<T>(asked: Promise<T>, take: (answer: T) => void): Promise<void> {
  const mine = look
  try {
    const answer = await asked
    if (mine === look) take(answer)
  } catch (error) {
    if (mine === look) timeline.value = { ...timeline.value, loading: false, trouble: asError(error) }
  }
}

const loadFirst = (): Promise<void> =>
  ask(backTo(timeline.value.of, place.id), ({ posts, older }) => {
    timeline.value = { ...timeline.value, posts, older, loaded: true, loading: false }
    void learn(posts)
  })

/** The first page, and those after it back to a post. */
async function backTo(of: string, id: string): Promise<Fresh> {
  let all = await pageOf(of)
  for (let page = 1; id && all.older && page < BACK && !all.posts.some((post) => post.id === id); page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page says where the one before it is
    const more = await pageOf(of, all.older)
    all = { ...more, posts: [...all.posts, ...more.posts] }
  }
  return all
}

export async function loadOlderPosts(): Promise<void> {
  const { older, loading } = timeline.value
  if (!older || loading) return
  timeline.value = { ...timeline.value, loading: true }
  await look.now('older')
}

const loadOlder = (last: string): unknown =>
  last &&
  ask(pageOf(timeline.value.of, last), (page) => {
    const now = timeline.value
    const known = new Set(now.posts.map((post) => post.id))
    const posts = [...now.posts, ...page.posts.filter((post) => !known.has(post.id))]
    timeline.value = { ...now, posts, older: posts.length < MOST ? page.older : '', loading: false, trouble: null }
    void learn(page.posts)
  })

/** Look what came since. Where nothing was there before, it is shown at once. */
const peek = (): Promise<void> =>
  ask(pageOf(timeline.value.of), ({ posts, older }) => {
    const shown = timeline.value.posts
    const known = new Set(shown.map((post) => post.id))
    const joint = posts.findIndex((post) => known.has(post.id))
    fresh.value = joint < 0 ? { posts, older, apart: true } : { posts: posts.slice(0, joint), older: '', apart: false }
    timeline.value = { ...timeline.value, trouble: null }
    if (!shown.length) showFresh()
  })

const LOADS = { first: loadFirst, newer: peek, older: () => loadOlder(timeline.value.older) }

/** Show what came since. */
export function showFresh(): void {
  const { posts, older, apart } = fresh.value
  const now = timeline.value
  timeline.value = apart ? { ...now, posts, older } : { ...now, posts: [...posts, ...now.posts] }
  fresh.value = NOTHING
  void learn(posts)
}

/** Ask what can be done where these are. */
export async function learn(posts: readonly MessageView[]): Promise<void> {
  const chats = [...new Set(posts.map((post) => post.chat))].filter((chat) => !(chat in abilities.value))
  await Promise.all(
    chats.map(async (chat) => {
      const can = await call('GET /chats/{chat}/abilities', { path: { chat } }).catch(() => null)
      if (can) abilities.value = { ...abilities.value, [chat]: can }
    }),
  )
}

/** Whether something can be done with a post. */
export const canDo = (feature: string, { chat }: MessageView): boolean =>
  ['full', 'partial', 'fallback'].includes(abilities.value[chat]?.levels[feature] ?? '')

function put(post: MessageView): void {
  const posts = (all: readonly MessageView[]): readonly MessageView[] =>
    all.map((known) => (known.id === post.id ? post : known)).filter(isShown)
  timeline.value = { ...timeline.value, posts: posts(timeline.value.posts) }
  fresh.value = { ...fresh.value, posts: posts(fresh.value.posts) }
}

async function lookAt(id: string): Promise<void> {
  if (![...timeline.value.posts, ...fresh.value.posts].some((post) => post.id === id)) return
  try {
    put(await call('GET /messages/{message}', { path: { message: id } }))
  } catch (error) {
    if (asError(error).code === 'not-found') drop(id)
  }
}

function drop(id: string): void {
  const without = (all: readonly MessageView[]): readonly MessageView[] => all.filter((post) => post.id !== id)
  timeline.value = { ...timeline.value, posts: without(timeline.value.posts) }
  fresh.value = { ...fresh.value, posts: without(fresh.value.posts) }
}

/** Favourite, boost or bookmark a post, or take that back. */
export async function mark(post: MessageView, name: string): Promise<void> {
  const on = !post.marks.includes(name)
  put(await call('PUT /messages/{message}/marks/{mark}', { path: { message: post.id, mark: name }, body: { on } }))
  look.again(post.id)
}

export function toggleOpened(id: string): void {
  const now = new Set(opened.value)
  if (!now.delete(id)) now.add(id)
  opened.value = now
}

listen(({ type, data }) => {
  const chat = String(data['chat'] ?? '')
  const { of } = timeline.value
  if (type === 'resync' || (type === 'message.new' && (of ? chat === of : READ.has(chatOf(chat)?.kind ?? '')))) look.again('newer')
  else if (type.startsWith('message.')) look.again(String(data['message']))
})
