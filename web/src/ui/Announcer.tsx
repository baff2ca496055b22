/** The one place that screen readers listen to, and the notes that pass at the lower edge. */

import { signal } from '@preact/signals'

import { t } from '../text/t.ts'
import { Button } from './basics.tsx'

const said = signal('')
let timer = 0
let waiting: string[] = []
const TOGETHER_MS = 400

/** Have a text read out, politely; what comes together is read together. */
export function announce(text: string): void {
  waiting.push(text)
  window.clearTimeout(timer)
  timer = window.setTimeout(() => {
    said.value = waiting.join('. ')
    waiting = []
  }, TOGETHER_MS)
}

export function Announcer() {
  return (
    <div class="unseen" aria-live="polite">
      {said}
    </div>
  )
}

const toast = signal<{ readonly text: string; readonly bad: boolean } | null>(null)
let ends = 0
const SHOWN_MS = 6_000

/** Show a note for a moment; it is read out as it appears. */
export function note(text: string, bad = false): void {
  toast.value = { text, bad }
  window.clearTimeout(ends)
  ends = window.setTimeout(() => {
    toast.value = null
  }, SHOWN_MS)
}

export function Toast() {
  const close = (): void => {
    toast.value = null
  }
  return (
    <div role="status">
      {toast.value && (
        <div class={`toast ${toast.value.bad ? 'bad' : ''}`}>
          <span>{toast.value.text}</span>
          <Button kind="quiet" icon="x" label={t('close')} onClick={close} />
        </div>
      )}
    </div>
  )
}
