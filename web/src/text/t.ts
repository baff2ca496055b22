/**
 * What the page says. English is the source of the keys; German must have the same, with the same placeholders, which
 * the compiler and a test see to. `{name}` is filled in, `{count#one|many}` chooses by number.
 */

import { signal } from '@preact/signals'

import { setApiLanguage } from '../api/client.ts'
import type { ChatView, MessageView } from '../api/types.gen.ts'
import { en } from './en.ts'
import type { more } from './more.en.ts'

export type Key = keyof typeof en | keyof typeof more
export type Texts = Readonly<Record<Key, string>>
export type Language = 'en' | 'de'
export type Facts = Readonly<Record<string, string | number>>

export const language = signal<Language>('en')
const texts = signal<Partial<Texts>>(en)
/** The language that was asked for last; its texts may be on their way. */
let speaks: Language = 'en'
/** Whether screens are shown that need more than the first texts. */
let wantsMore = false

async function load(wanted: Language): Promise<void> {
  const first = wanted === 'de' ? (await import('./de.ts')).de : en
  const rest = !wantsMore ? {} : (await (wanted === 'de' ? import('./more.de.ts') : import('./more.en.ts'))).more
  if (wanted === speaks) texts.value = { ...first, ...rest }
}

/** Fetch the texts of screens that are not shown at once. */
export async function moreTexts(): Promise<void> {
  if (wantsMore) return
  wantsMore = true
  try {
    await load(speaks)
  } catch (error) {
    wantsMore = false
    throw error
  }
}

/** Fetch a language and speak it from now on. */
export async function setLanguage(wanted: Language): Promise<void> {
  speaks = wanted
  try {
    await load(wanted)
  } catch (error) {
    if (speaks === wanted) speaks = language.value
    throw error
  }
  if (speaks !== wanted) return
  language.value = wanted
  setApiLanguage(wanted)
  document.documentElement.lang = wanted
}

export function fill(text: string, facts: Facts): string {
  return text
    .replaceAll(/{(\w+)#([^|}]*)\|([^}]*)}/g, (_, name: string, one: string, many: string) =>
      facts[name] === 1 ? one : many.replaceAll('#', String(facts[name])),
    )
    .replaceAll(/{(\w+)}/g, (_, name: string) => String(facts[name] ?? ''))
}

export const t = (key: Key, facts: Facts = {}): string => fill(texts.value[key] ?? '', facts)

/** What a message says: in the language that is spoken, where a bridge said it itself. */
export const wordsOf = (message: Pick<MessageView, 'text' | 'translations'>): string =>
  message.translations?.[language.value] ?? message.text

/** How a conversation is called: in the language that is spoken, where a bridge calls it so. */
export const titleOf = (chat: Pick<ChatView, 'title' | 'title_translations'>): string =>
  chat.title_translations?.[language.value] ?? chat.title

/** The text of a key that was put together, where there is one. */
export const maybe = (key: string, facts: Facts = {}): string | undefined =>
  key in texts.value ? t(key as Key, facts) : undefined

// Times, as the language writes them

const DAY_MS = 24 * 3600 * 1000
/** The person's own form of the language, such as en-GB, where the browser names one. */
const locale = (): string => navigator.languages.find((tag) => tag.startsWith(language.value)) ?? language.value
const format = (wall: number, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(locale(), options).format(wall * 1000)

export const time = (wall: number): string => format(wall, { hour: '2-digit', minute: '2-digit' })
export const day = (wall: number): string => format(wall, { weekday: 'long', day: 'numeric', month: 'long' })
export const dayTime = (wall: number): string => format(wall, { dateStyle: 'medium', timeStyle: 'short' })

/** Short, for lists: the time of today, the day of this week, else the date. */
export function short(wall: number, now = Date.now()): string {
  if (!wall) return ''
  if (new Date(wall * 1000).toDateString() === new Date(now).toDateString()) return time(wall)
  if (now - wall * 1000 < 6 * DAY_MS) return format(wall, { weekday: 'short' })
  return format(wall, { day: 'numeric', month: 'short', year: '2-digit' })
}
