/** What the composer is for at the moment: something new, an answer, or a change of what was said. */

import { signal } from '@preact/signals'

import type { MessageView } from '../../api/types.gen.ts'

export type Doing = { readonly what: 'reply' | 'edit'; readonly message: MessageView } | null

export const doing = signal<Doing>(null)

export function startReply(message: MessageView): void {
  doing.value = { what: 'reply', message }
  focusComposer()
}

export function startEdit(message: MessageView): void {
  doing.value = { what: 'edit', message }
  focusComposer()
}

const composer = (): HTMLElement | null => document.querySelector('#composer')

/** At once, so that the next key is for it; where it is still to be drawn, with the next frame. */
export function focusComposer(): void {
  const field = composer()
  if (field) field.focus()
  else requestAnimationFrame(() => composer()?.focus())
}
