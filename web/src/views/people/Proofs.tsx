/** What somebody says about their own accounts, and what this node has seen of it. */

import type { BookLinkView, PersonView, ProofView } from '../../api/types.gen.ts'
import { check } from '../../state/book.ts'
import { dayTime, maybe, t } from '../../text/t.ts'
import { Button, ErrorNote, Icon, plain } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { networkName } from './reasons.ts'

const KINDS: Readonly<Record<string, string>> = { ok: 'good', changed: 'bad', gone: 'warn' }

/** How a claim stands, in words. */
export function Proof({ proof }: { readonly proof: ProofView }) {
  const { state, why } = proof
  const reason = why && (maybe(`proof.why.${why}`) ?? why)
  return (
    <p class={KINDS[state] ?? 'muted'}>
      <Icon name={state === 'ok' ? 'check' : state === 'changed' ? 'circle-alert' : 'eye'} />{' '}
      {[maybe(`proof.${state}`) ?? state, reason].filter(Boolean).join(' ')}{' '}
      {proof.seen_at > 0 && <span class="muted">{t('proof.seen', { at: dayTime(proof.seen_at) })}</span>}
    </p>
  )
}

/** Below one account: the claim about it, and whether it says that it has a node. */
export function OfAccount({ of, account }: { readonly of: PersonView; readonly account: BookLinkView }) {
  const proof = of.proofs.find((one) => one.link === account.id)
  const contact = of.links.some((one) => one.contact !== '')
  return (
    <>
      {proof && <Proof proof={proof} />}
      {account.node && !contact && (
        <p>
          <Icon name="server" /> {t('person.has-node')}
        </p>
      )}
    </>
  )
}

/** Accounts that they say are theirs and that are nobody's in the address book; and a look at all of them. */
export function Claims({ of }: { readonly of: PersonView }) {
  const { busy, problem, run } = useDoing()
  if (!of.proofs.length) return null
  const elsewhere = of.proofs.filter((proof) => !of.links.some((account) => account.id === proof.link))
  return (
    <section aria-labelledby="claims">
      <h2 id="claims">{t('proof.title')}</h2>
      <p class="help">{t('proof.text')}</p>
      {elsewhere.length > 0 && (
        <ul class="cards claims">
          {elsewhere.map((proof) => (
            <li key={proof.id}>
              <p>
                <strong class="network" data-network={proof.network}>
                  {networkName(proof.network)}
                </strong>{' '}
                <bdi>{plain(proof.address || proof.handle)}</bdi>
              </p>
              <Proof proof={proof} />
            </li>
          ))}
        </ul>
      )}
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button icon="refresh-cw" disabled={busy.value} onClick={() => void run(() => check(of.id))}>
          {t('proof.check')}
        </Button>
      </div>
    </section>
  )
}
