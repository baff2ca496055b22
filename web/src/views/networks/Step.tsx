/** One step, as a bridge tells it: what is shown, what is asked for. Nothing is known here of what it is about. */

import type { ReadonlySignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { FieldView, StepView } from '../../api/types.gen.ts'
import { t } from '../../text/t.ts'
import { Button, Field, Toggle } from '../../ui/basics.tsx'
import { Qr } from '../../ui/Qr.tsx'

const POLL_S = 2

export type Answered = Readonly<Record<string, string>>

/** Every how many seconds it is to be looked whether something has happened; 0 where nothing is waited for. */
export const pollOf = (step: StepView | null): number =>
  step ? (step.poll_every_s ?? (step.kind === 'show_and_wait' ? POLL_S : 0)) : 0

/**
 * As long as this is shown, look every so many seconds whether something has happened, one look at a time. What is said
 * of a step that is over is not taken.
 */
export function usePoll<T, A>(
  shown: ReadonlySignal<T | null>,
  everyS: number,
  busy: ReadonlySignal<boolean>,
  look: (now: T) => Promise<A>,
  take: (answer: A) => void,
): void {
  const now = shown.value
  useEffect(() => {
    if (!everyS || !now) return undefined
    let asked = false
    let over = false
    const ask = async (): Promise<void> => {
      if (asked || busy.value) return
      asked = true
      const answer = await look(now).catch(() => null)
      asked = false
      if (answer && !over && shown.value === now) take(answer)
    }
    const timer = window.setInterval(() => void ask(), everyS * 1000)
    return () => {
      over = true
      window.clearInterval(timer)
    }
  }, [everyS, now])
}

export function Step(props: {
  readonly step: StepView
  readonly busy: boolean
  readonly typed: Answered
  readonly onType: (name: string, text: string) => void
  readonly onAnswer: (answers: Answered) => void
  /** Where one may also say no, or end the waiting. */
  readonly onNo?: () => void
}) {
  const { step, busy, typed, onNo } = props
  const said = Object.fromEntries(step.fields.map(({ name, default: usual }) => [name, typed[name] ?? usual]))
  const answers = step.kind === 'form' || step.kind === 'confirm' || step.fields.length > 0
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        props.onAnswer(said)
      }}
    >
      <h2>{step.title}</h2>
      {step.text && <p class="lines">{step.text}</p>}
      {Object.entries(step.show).map(([kind, text]) => (
        <Shown key={kind} kind={kind} text={text} />
      ))}
      {step.fields.map((field) => (
        <Asked
          key={field.name}
          field={field}
          value={said[field.name] ?? ''}
          onText={(text) => props.onType(field.name, text)}
        />
      ))}
      {step.error && (
        <p class="problem" role="alert">
          {step.error}
        </p>
      )}
      {!answers && (
        <p role="status" class="muted">
          {t('login.waiting')}
        </p>
      )}
      <div class="actions">
        {answers && (
          <Button type="submit" kind="main" disabled={busy}>
            {busy ? t('login.working') : step.kind === 'confirm' ? t('login.confirm') : t('continue')}
          </Button>
        )}
        {onNo && step.kind !== 'form' && (
          <Button onClick={onNo}>{step.kind === 'confirm' ? t('settle.no') : t('settle.end')}</Button>
        )}
      </div>
    </form>
  )
}

/** Something to look at: an address to open, a picture to scan, a code to compare. */
function Shown({ kind, text }: { readonly kind: string; readonly text: string }) {
  if (kind === 'qr') return <Qr text={text} label={t('login.qr')} />
  if (kind === 'url' && /^https?:/.test(text)) {
    return (
      <p>
        <a class="button main" href={text} target="_blank" rel="noreferrer">
          {t('login.open')}
        </a>
      </p>
    )
  }
  return <output class="shown">{text}</output>
}

const TYPES: Readonly<Record<string, 'password' | 'url' | 'email'>> = { secret: 'password', url: 'url', email: 'email' }

function Asked(props: {
  readonly field: FieldView
  readonly value: string
  readonly onText: (text: string) => void
}) {
  const { field, value, onText } = props
  if (field.kind === 'bool') {
    const help = field.help ? { help: field.help } : {}
    return (
      <Toggle label={field.label} {...help} on={value === 'true'} onChange={(on) => onText(on ? 'true' : 'false')} />
    )
  }
  if (field.options.length) {
    return (
      <div class="field">
        <label for={`login-${field.name}`}>{field.label}</label>
        {field.help && <p class="help">{field.help}</p>}
        <select id={`login-${field.name}`} value={value} onChange={(event) => onText(event.currentTarget.value)}>
          {field.options.map(([option, label]) => (
            <option key={option} value={option}>
              {label}
            </option>
          ))}
        </select>
      </div>
    )
  }
  return (
    <Field
      label={field.optional ? t('login.optional', { label: field.label }) : field.label}
      help={field.help || undefined}
      name={`login-${field.name}`}
      type={TYPES[field.kind] ?? 'text'}
      value={value}
      onText={onText}
      lines={field.kind === 'text'}
      autocomplete="off"
      exact
      required={!field.optional}
    />
  )
}
