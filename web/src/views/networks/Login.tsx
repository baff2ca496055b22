/** A login, step by step as the node tells them. What a step asks for comes from its bridge; nothing is known here. */

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { FieldView, LoginView, StepView } from '../../api/types.gen.ts'
import { go } from '../../router.ts'
import { answerLogin, beginLogin, endLogin, loadNetworks, nameOf, tickLogin } from '../../state/networks.ts'
import { t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, ErrorNote, Field, Toggle, Waiting } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { Qr } from '../../ui/Qr.tsx'

const POLL_S = 2

type Answered = Readonly<Record<string, string>>

export function Login({ network, account }: { readonly network: string; readonly account: string }) {
  const login = useSignal<LoginView | null>(null)
  const atHome = useSignal(false)
  // What was typed stays when a step comes again, with an error or for a server at home.
  const typed = useSignal<Answered>({})
  const { busy, problem, run } = useDoing()
  const take = (view: LoginView): void => {
    login.value = view
    if (view.step) return
    note(t('login.done'))
    void loadNetworks()
    go('/networks', true)
  }
  // The step of before stays until the new one is there, and so does the field that somebody types into.
  const begin = (): Promise<void> =>
    run(async () => {
      const before = login.value
      const asked = account ? { account, why: 'reauth' as const } : { network, at_home: atHome.value }
      take(await beginLogin(asked))
      if (before?.step) await endLogin(before.id)
    })
  useEffect(() => {
    void begin()
    return () => {
      if (login.value?.step) void endLogin(login.value.id)
    }
  }, [network, account])
  const restart = (home: boolean): void => {
    atHome.value = home
    void begin()
  }

  const step = login.value?.step ?? null
  const poll = step && (step.poll_every_s ?? (step.kind === 'show_and_wait' ? POLL_S : 0))
  useEffect(() => {
    if (!poll || !login.value) return
    const id = login.value.id
    const timer = window.setInterval(() => {
      if (!busy.value) void tickLogin(id).then(take, () => {})
    }, poll * 1000)
    return () => window.clearInterval(timer)
  }, [poll, login.value?.turn])

  const name = login.value ? nameOf(login.value.network) : nameOf(network)
  return (
    <Page title={t('login.title', { network: name })} back="/networks">
      {problem.value && <ErrorNote problem={problem.value} onRetry={() => void begin()} />}
      {!step && !problem.value && <Waiting label={t('login.starting')} rows={3} />}
      {login.value && step && (
        <Step
          key={step.id}
          step={step}
          busy={busy.value}
          typed={typed.value}
          onType={(field, text) => (typed.value = { ...typed.value, [field]: text })}
          onAnswer={(answers) => {
            const now = login.value
            if (now) void run(async () => take(await answerLogin(now, answers)))
          }}
        />
      )}
      {step && !account && (
        <details open={problem.value?.code === 'usage' || undefined}>
          <summary>{t('login.more')}</summary>
          <Toggle
            label={t('login.at-home')}
            help={t('login.at-home.help')}
            on={atHome.value}
            onChange={restart}
          />
        </details>
      )}
    </Page>
  )
}

function Step(props: {
  readonly step: StepView
  readonly busy: boolean
  readonly typed: Answered
  readonly onType: (name: string, text: string) => void
  readonly onAnswer: (answers: Answered) => void
}) {
  const { step, busy, typed } = props
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
      {answers ? (
        <Button type="submit" kind="main" disabled={busy}>
          {busy ? t('login.working') : step.kind === 'confirm' ? t('login.confirm') : t('continue')}
        </Button>
      ) : (
        <p role="status" class="muted">
          {t('login.waiting')}
        </p>
      )}
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
