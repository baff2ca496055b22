/** What somebody says about their own accounts, and what this node has seen of it. */

import type { BookLinkView, PersonView, ProofView } from '../../api/types.gen.ts'
import { challenge, check, refuseChallenge } from '../../state/book.ts'
import { dayTime, maybe, t } from '../../text/t.ts'
import { Button, ErrorNote, Icon, plain } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { networkName } from './reasons.ts'

const KINDS: Readonly<Record<string, string>> = { ok: 'good', changed: 'bad', gone: 'warn' }

/** How a claim stands, in words. One of a challenge is between the two alone. */
export function Proof({ proof }: { readonly proof: ProofView }) {
  const { state, why } = proof
  const reason = why && (maybe(`proof.why.${why}`) ?? why)
  const said = proof.private ? (maybe(`proof.${state}.private`) ?? reason) : maybe(`proof.${state}`)
  const more = proof.private ? '' : reason
  return (
    <p class={KINDS[state] ?? 'muted'}>
      <Icon name={state === 'ok' ? 'check' : state === 'changed' ? 'circle-alert' : 'eye'} />{' '}
      {[said || state, more].filter(Boolean).join(' ')}{' '}
      {proof.seen_at > 0 && <span class="muted">{t('proof.seen', { at: dayTime(proof.seen_at) })}</span>}
    </p>
  )
}

/** What they ask in private: yes shows them that the account is ours, and us that theirs is. */
function Wanted({ of, proof }: { readonly of: PersonView; readonly proof: ProofView }) {
  const { busy, problem, run } = useDoing()
  if (proof.why !== 'wanted') return null
  return (
    <>
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button disabled={busy.value} onClick={() => void run(() => challenge(of.id, proof.network))}>
          {t('proof.private.yes')}
        </Button>
        <Button disabled={busy.value} onClick={() => void run(() => refuseChallenge(of.id))}>
          {t('proof.private.no')}
        </Button>
      </div>
    </>
  )
}

/** Ask whether an account of a contact's is theirs, where there is a conversation that carries bytes. */
function Ask({ of, account }: { readonly of: PersonView; readonly account: BookLinkView }) {
  const { busy, problem, run } = useDoing()
  const way = of.ways.find((one) => one.link === account.id && one.carries !== '')
  const contact = of.links.some((one) => one.contact !== '')
  const asked = of.proofs.some((one) => one.private && one.link === account.id && one.state !== 'unreachable')
  if (!way || !contact || asked) return null
  return (
    <>
      {problem.value && <ErrorNote problem={problem.value} />}
      <Button icon="eye" disabled={busy.value} onClick={() => void run(() => challenge(of.id, way.chat))}>
        {t('proof.private.ask')}
      </Button>
    </>
  )
}

/** Below one account: the claim about it, and whether it says that it has a node. */
export function OfAccount({ of, account }: { readonly of: PersonView; readonly account: BookLinkView }) {
  const proofs = of.proofs.filter((one) => one.link === account.id)
  const contact = of.links.some((one) => one.contact !== '')
  return (
    <>
      {proofs.map((proof) => (
        <div key={proof.id}>
          <Proof proof={proof} />
          <Wanted of={of} proof={proof} />
        </div>
      ))}
      <Ask of={of} account={account} />
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
              <Wanted of={of} proof={proof} />
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
