/** Keys: single letters outside of fields, listed in the help. A screen names its own while it is shown. */

import { signal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'

import { singleKeys } from './state/settings.ts'

export interface Command {
  readonly keys: string
  readonly says: string
}

interface Known extends Command {
  readonly run: () => void
}

const known = new Map<string, Known>()
export const commands = signal<readonly Command[]>([])
let first = ''
let timer = 0
const SECOND_KEY_MS = 1_200

/**
 * A hook: these keys do this as long as the component is there. `keys` is one key, two after each other, or one that is
 * held and one more, with a space between.
 */
export function useCommand(keys: string, says: string, run: () => void): void {
  const latest = useRef(run)
  latest.current = run
  // With what is drawn, and not some frames later: who sees it can use it.
  useLayoutEffect(() => {
    const entry = { keys, says, run: () => latest.current() }
    known.set(keys, entry)
    commands.value = [...known.values()]
    return () => {
      if (known.get(keys) === entry) known.delete(keys)
      commands.value = [...known.values()]
    }
  }, [keys, says])
}

/** Do what these keys do. */
export const perform = (keys: string): void => known.get(keys)?.run()

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Hear keys; the answer ends that. */
export function listenToKeys(): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      if (isField(event.target)) (event.target as HTMLElement).blur()
      else if (!document.querySelector('dialog[open]')) known.get('Escape')?.run()
      return
    }
    if (event.key === 'F6') {
      event.preventDefault()
      nextRegion(event.shiftKey)
      return
    }
    const held = heldWith(event)
    if (held && known.has(held) && !document.querySelector('dialog[open]')) {
      event.preventDefault()
      known.get(held)?.run()
      return
    }
    if (!singleKeys.value || isField(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
    if (document.querySelector('dialog[open]')) return
    const found = known.get(first + event.key) ?? known.get(event.key)
    window.clearTimeout(timer)
    first = ''
    if (found) {
      event.preventDefault()
      found.run()
    } else if ([...known.keys()].some((keys) => keys.length === 2 && keys.startsWith(event.key))) {
      first = event.key
      timer = window.setTimeout(() => (first = ''), SECOND_KEY_MS)
    }
  }
  document.addEventListener('keydown', onKey)
  return () => document.removeEventListener('keydown', onKey)
}

/** Keys that work in fields too: Ctrl with a letter, Alt with an arrow. */
function heldWith({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): string {
  if ((ctrlKey || metaKey) && key.length === 1) return `Ctrl ${key.toLowerCase()}`
  if (altKey && key === 'ArrowDown') return 'Alt ↓'
  return altKey && key === 'ArrowUp' ? 'Alt ↑' : ''
}

/** From one part of the page to the next one. */
function nextRegion(back: boolean): void {
  const regions = [...document.querySelectorAll<HTMLElement>('nav, aside, main')].filter((part) => part.offsetParent)
  const at = regions.findIndex((region) => region.contains(document.activeElement))
  const next = regions.at((at + (back ? -1 : 1)) % regions.length)
  next?.querySelector<HTMLElement>('a, button, h1, textarea, input')?.focus()
}
