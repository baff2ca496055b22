/** A login, step by step as the node tells them. What a step asks for comes from its bridge; nothing is known here. */

import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

import type { LoginView } from '../../api/types.gen.ts'
import { go } from '../../router.ts'
import { answerLogin, beginLogin, endLogin, loadNetworks, nameOf, tickLogin } from '../../state/networks.ts'
import { t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { ErrorNote, Toggle, Waiting } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { type Answered, pollOf, Step, usePoll } from './Step.tsx'

export function Login({ network, account }: { readonly network: string; readonly account: string }) {
  const login = useSignal<LoginView | null>(null)
  const atHome = useSignal(false)
  // What was typed stays when a step comes again, with an error or for a server at home.
  const typed = useSignal<Answered>({})
  const { busy, problem, run } = useDoing()
  const left = useRef(false)
  const take = (view: LoginView): void => {
    if (left.current) return void (view.step && endLogin(view.id))
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
      left.current = true
      if (login.value?.step) void endLogin(login.value.id)
    }
  }, [network, account])
  const restart = (home: boolean): void => {
    atHome.value = home
    void begin()
  }

  const step = login.value?.step ?? null
  usePoll(login, pollOf(step), busy, ({ id }) => tickLogin(id), take)

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
