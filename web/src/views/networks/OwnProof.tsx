/** To let people know that an account is the person's own: what everybody will see, and who will know what it means. */

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { AccountView, OwnProofView } from '../../api/types.gen.ts'
import { contacts } from '../../state/people.ts'
import { dropProof, makeProof, openProof, ownProofs, planProof } from '../../state/proofs.ts'
import { maybe, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, ErrorNote, Icon, plain, Waiting } from '../../ui/basics.tsx'
import { Confirm, Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { attempt } from '../chat/attempt.ts'

export function OwnProof({ account }: { readonly account: AccountView }) {
  const asked = useSignal<'make' | 'open' | 'drop' | null>(null)
  const proof = ownProofs.value.find((one) => one.account === account.id)
  const close = (): void => {
    asked.value = null
  }
  const why = proof?.why && (maybe(`proofs.why.${proof.why}`) ?? proof.why)
  return (
    <>
      {proof ? (
        <div>
          <p class={proof.state === 'refused' ? 'warn' : 'muted'}>
            <Icon name={proof.state === 'there' ? 'check' : 'clock'} />{' '}
            {[maybe(`proofs.state.${proof.state}`) ?? proof.state, why].filter(Boolean).join(' ')}
          </p>
          <p class="muted">{knownTo(proof)}</p>
          <p class="actions">
            <button type="button" class="inline" onClick={() => (asked.value = 'open')}>
              {t('proofs.open')}
            </button>
            <button type="button" class="inline" onClick={() => (asked.value = 'drop')}>
              {t('proofs.drop')}
            </button>
          </p>
        </div>
      ) : (
        account.state === 'connected' && (
          <p>
            <button type="button" class="inline" onClick={() => (asked.value = 'make')}>
              {t('proofs.make')}
            </button>
          </p>
        )
      )}
      {asked.value === 'make' && <Make account={account} onClose={close} />}
      {asked.value === 'open' && proof && <Open proof={proof} onClose={close} />}
      {asked.value === 'drop' && proof && (
        <Confirm
          title={t('proofs.drop.title')}
          text={t('proofs.drop.text')}
          yes={t('proofs.drop')}
          onYes={() => attempt(() => dropProof(proof.id))}
          onClose={close}
        />
      )}
    </>
  )
}

const knownTo = ({ known_to: known }: OwnProofView): string =>
  known.length ? t('proofs.known', { names: known.map(({ name }) => plain(name)).join(', ') }) : t('proofs.nobody')

function Make({ account, onClose }: { readonly account: AccountView; readonly onClose: () => void }) {
  const plan = useSignal<OwnProofView | null>(null)
  const chosen = useSignal<readonly string[]>([])
  const { busy, problem, run } = useDoing()
  useEffect(() => {
    void run(async () => (plan.value = await planProof(account.id)))
  }, [account.id])
  const make = (): Promise<void> =>
    run(async () => {
      await makeProof(account.id, chosen.value)
      note(t('proofs.made'))
      onClose()
    })
  const shown = plan.value
  return (
    <Dialog title={t('proofs.make')} onClose={onClose}>
      <p>{t('proofs.text')}</p>
      {!shown && !problem.value && <Waiting label={t('loading')} rows={2} />}
      {shown && (
        <>
          <p>{maybe(`proofs.place.${shown.place}`) ?? t('proofs.place.page')}</p>
          <pre>{shown.text}</pre>
          <p class="help">{knownTo(shown)}</p>
          <Known but={shown} chosen={chosen.value} onChoice={(ids) => (chosen.value = ids)} />
        </>
      )}
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button onClick={onClose}>{t('cancel')}</Button>
        <Button kind="main" disabled={busy.value || !shown} onClick={() => void make()}>
          {t('proofs.do')}
        </Button>
      </div>
    </Dialog>
  )
}

function Open({ proof, onClose }: { readonly proof: OwnProofView; readonly onClose: () => void }) {
  const chosen = useSignal<readonly string[]>([])
  const { busy, problem, run } = useDoing()
  const open = (): Promise<void> =>
    run(async () => {
      await openProof(proof.id, chosen.value)
      onClose()
    })
  return (
    <Dialog title={t('proofs.open')} onClose={onClose}>
      <p>{t('proofs.open.text')}</p>
      <Known but={proof} chosen={chosen.value} onChoice={(ids) => (chosen.value = ids)} />
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button onClick={onClose}>{t('cancel')}</Button>
        <Button kind="main" disabled={busy.value || !chosen.value.length} onClick={() => void open()}>
          {t('proofs.open.do')}
        </Button>
      </div>
    </Dialog>
  )
}

/** Contacts who do not know yet. */
function Known(props: {
  readonly but: OwnProofView
  readonly chosen: readonly string[]
  readonly onChoice: (ids: readonly string[]) => void
}) {
  const { but, chosen, onChoice } = props
  const know = new Set(but.known_to.map(({ contact }) => contact))
  const others = contacts.value.filter(({ id, standing }) => !know.has(id) && /confirmed|verified/.test(standing))
  if (!others.length) return null
  return (
    <fieldset class="ways">
      <legend>{t('proofs.who')}</legend>
      {others.map(({ id, name }) => (
        <label key={id}>
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={(event) => onChoice(event.currentTarget.checked ? [...chosen, id] : chosen.filter((one) => one !== id))}
          />
          <bdi>{plain(name)}</bdi>
        </label>
      ))}
    </fieldset>
  )
}
