/** What this browser was told about how the page is to be. Nothing in here is about people. */

import { effect, signal } from '@preact/signals'

import { type Language, language, setLanguage } from '../text/t.ts'

export type Theme = 'system' | 'light' | 'dark'

export const recall = (name: string): string | null => {
  try {
    return localStorage.getItem(name)
  } catch {
    return null // a browser that keeps nothing
  }
}
export const remember = (name: string, value: string): void => {
  try {
    localStorage.setItem(name, value)
  } catch {
    // as above: the setting holds until the page is left
  }
}

const said = recall('theme')
export const theme = signal<Theme>(said === 'light' || said === 'dark' ? said : 'system')
/** Whether Enter sends; Ctrl Enter always does. */
export const enterSends = signal(recall('enter-sends') !== 'no')
/** Whether single letters do something outside of fields. */
export const singleKeys = signal(recall('single-keys') !== 'no')

export const UNDO_S = ['0', '5', '10', '30', '60'] as const
export type UndoS = (typeof UNDO_S)[number]
/** For how many seconds what is sent can be taken back; the node holds it for so long. */
export const undoS = signal<UndoS>(UNDO_S.find((seconds) => seconds === recall('undo')) ?? '5')

/** Put the settings into effect; the language is there before anything is drawn. */
export async function startSettings(): Promise<void> {
  const wanted = recall('language') ?? navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in NAMES)
  await setLanguage(wanted === 'de' ? 'de' : 'en')
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme.value
    remember('theme', theme.value)
  })
  effect(() => remember('enter-sends', enterSends.value ? 'yes' : 'no'))
  effect(() => remember('single-keys', singleKeys.value ? 'yes' : 'no'))
  effect(() => remember('undo', undoS.value))
  effect(() => remember('language', language.value))
}

export const NAMES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' }
