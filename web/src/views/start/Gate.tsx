/** Before there is anything to see: pairing, a locked store, a node that does not answer. */

import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'

import type { ApiError } from '../../api/errors.ts'
import { pair, refresh, stage, trouble, unlock } from '../../state/session.ts'
import { NAMES } from '../../state/settings.ts'
import { type Language, language, setLanguage, t } from '../../text/t.ts'
import { Button, ErrorNote, explain, Field, Waiting } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'

/** A page with one thing on it. */
export function Alone({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  document.title = `${title} · swarmnode`
  const other: Language = language.value === 'de' ? 'en' : 'de'
  return (
    <main class="gate">
      <header>
        <img src="/icon.svg" alt="" width="32" height="32" />
        <span class="brand">swarmnode</span>
        <Button kind="quiet" lang={other} onClick={() => void setLanguage(other)}>
          {NAMES[other]}
        </Button>
      </header>
      <h1>{title}</h1>
      {children}
    </main>
  )
}

export function Gate() {
  switch (stage.value) {
    case 'pair':
      return <Pair />
    case 'locked':
      return <Locked />
    case 'unreachable':
      return <Unreachable />
    default:
      return (
        <Alone title={t('loading')}>
          <Waiting label={t('loading')} rows={3} />
        </Alone>
      )
  }
}

function Pair() {
  const code = useSignal('')
  const { busy, problem, run } = useDoing()
  return (
    <Alone title={t('pair.title')}>
      <p>{t('pair.text')}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(() => pair(code.value))
        }}
      >
        <Field
          label={t('pair.code')}
          help={t('pair.help')}
          name="code"
          class="code"
          value={code.value}
          onText={(text) => (code.value = text)}
          autocomplete="off"
          exact
          maxLength={16}
          required
          problem={problem.value ? wrongCode(problem.value) : undefined}
        />
        <Button type="submit" kind="main" disabled={busy.value}>
          {t('pair.do')}
        </Button>
      </form>
      <details>
        <summary>{t('pair.lost')}</summary>
        <p>{t('pair.lost.text')}</p>
        <pre>swarmnode pair</pre>
      </details>
    </Alone>
  )
}

const wrongCode = (problem: ApiError): string => (problem.code === 'denied' ? t('pair.wrong') : explain(problem).title)

function Locked() {
  const passphrase = useSignal('')
  const { busy, problem, run } = useDoing()
  return (
    <Alone title={t('locked.title')}>
      <p>{t('locked.text')}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(() => unlock(passphrase.value))
        }}
      >
        <Field
          label={t('passphrase')}
          name="passphrase"
          type="password"
          autocomplete="current-password"
          value={passphrase.value}
          onText={(text) => (passphrase.value = text)}
          required
          problem={
            problem.value
              ? problem.value.code === 'denied'
                ? t('locked.wrong')
                : explain(problem.value).title
              : undefined
          }
        />
        <Button type="submit" kind="main" disabled={busy.value}>
          {t('locked.do')}
        </Button>
      </form>
    </Alone>
  )
}

function Unreachable() {
  return (
    <Alone title={t('unreachable.title')}>
      {trouble.value && <ErrorNote problem={trouble.value} onRetry={() => void refresh()} />}
      <p>{t('unreachable.text')}</p>
      <pre>make run</pre>
    </Alone>
  )
}
