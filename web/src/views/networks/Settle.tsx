/** Something that an account has to settle with its owner, step by step as its bridge tells them. */

import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

import type { SettlingView, StepView } from '../../api/types.gen.ts'
import { go } from '../../router.ts'
import { accounts, dismiss, loadNetworks, settle } from '../../state/networks.ts'
import { t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { ErrorNote, Waiting } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { type Answered, pollOf, Step, usePoll } from './Step.tsx'

export function Settle({ account, matter }: { readonly account: string; readonly matter: string }) {
  const step = useSignal<StepView | null>(null)
  const typed = useSignal<Answered>({})
  const { busy, problem, run } = useDoing()
  const left = useRef(false)
  const leave = (): void => {
    if (left.current) return
    void loadNetworks()
    go('/networks', true)
  }
  const take = (view: SettlingView): void => {
    if (left.current) return
    step.value = view.step
    if (view.step) return
    note(t('settle.done'))
    leave()
  }
  const ask = (at = '', answers: Answered = {}): Promise<void> =>
    run(async () => take(await settle(account, matter, at, answers)))
  useEffect(() => {
    void ask()
    return () => {
      left.current = true
    }
  }, [account, matter])

  usePoll(step, pollOf(step.value), busy, ({ id }) => settle(account, matter, id, {}), take)

  const name = accounts.value.find(({ id }) => id === account)?.network_name ?? ''
  return (
    <Page title={t('settle.title', { network: name })} back="/networks">
      {problem.value && <ErrorNote problem={problem.value} onRetry={() => void ask()} />}
      {!step.value && !problem.value && <Waiting label={t('loading')} rows={3} />}
      {step.value && (
        <Step
          key={step.value.id}
          step={step.value}
          busy={busy.value}
          typed={typed.value}
          onType={(field, text) => (typed.value = { ...typed.value, [field]: text })}
          onAnswer={(answers) => void ask(step.value?.id, answers)}
          onNo={() =>
            void run(async () => {
              await dismiss(account, matter)
              leave()
            })
          }
        />
      )}
    </Page>
  )
}
