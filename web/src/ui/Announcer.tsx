/** The one place that screen readers listen to, and the notes that pass at the lower edge. */

import { signal } from '@preact/signals'

import { asError } from '../api/errors.ts'
import { useCommand } from '../keys.ts'
import { t } from '../text/t.ts'
import { Button, explain } from './basics.tsx'

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

interface Note {
  readonly text: string
  readonly bad: boolean
  readonly undo: (() => Promise<unknown>) | undefined
}

const toast = signal<Note | null>(null)
let ends = 0
const SHOWN_MS = 6_000
/** With something that can be undone it stays longer; where that was done it can be undone later, too. */
const UNDO_MS = 20_000

const close = (): void => {
  toast.value = null
}

/** Show a note for a moment; it is read out as it appears. */
export function note(text: string, bad = false, undo?: () => Promise<unknown>): void {
  toast.value = { text, bad, undo }
  window.clearTimeout(ends)
  ends = window.setTimeout(close, undo ? UNDO_MS : SHOWN_MS)
}

export function Toast() {
  const shown = toast.value
  return (
    <div role="status">
      {shown && (
        <div class={`toast ${shown.bad ? 'bad' : ''}`}>
          <span>{shown.text}</span>
          {shown.undo && <Undo work={shown.undo} />}
          <Button kind="quiet" icon="x" label={t('close')} onClick={close} />
        </div>
      )}
    </div>
  )
}

function Undo({ work }: { readonly work: () => Promise<unknown> }) {
  const undo = (): void => {
    close()
    work().catch((error: unknown) => {
      const { title, hint } = explain(asError(error))
      note(`${title} ${hint}`.trim(), true)
    })
  }
  useCommand('z', t('undo'), undo)
  return (
    <Button kind="quiet" icon="undo-2" onClick={undo}>
      {t('undo')}
    </Button>
  )
}
