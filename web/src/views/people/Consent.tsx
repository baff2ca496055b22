/** What somebody said about their words going elsewhere: shown, given and withdrawn. */

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import { asError } from '../../api/errors.ts'
import type { ConsentView } from '../../api/types.gen.ts'
import { personPath } from '../../router.ts'
import { consents, consentsLoaded, consentsOf, consentTrouble, loadConsents, type Scope, writeDown } from '../../state/consent.ts'
import { dayTime, maybe, t, titleOf } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Badge, Button, Empty, ErrorNote, Link, Name, plain, Waiting } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { TookBack } from '../chat/Forward.tsx'
import { networkName } from './reasons.ts'

/** All that people said, the latest first. */
export function Consents() {
  useEffect(() => void loadConsents(), [])
  const trouble = consentTrouble.value
  return (
    <Page title={t('consent.title')} back="/settings">
      <p>{t('consent.text')}</p>
      {trouble && <ErrorNote problem={trouble} onRetry={() => void loadConsents()} />}
      {!consentsLoaded.value && !trouble && <Waiting label={t('loading')} rows={3} />}
      {consentsLoaded.value && !consents.value.length && (
        <Empty icon="users" title={t('consent.empty')}>
          <p>{t('consent.empty.text')}</p>
        </Empty>
      )}
      <ul class="cards">
        {consents.value.map((said) => (
          <li key={said.id}>
            <Said said={said} named />
            {said.allowed && <Answers of={{ entry: said.id }} name={said.name} only="withdraw" />}
          </li>
        ))}
      </ul>
    </Page>
  )
}

/** Of one person, on their own screen. */
export function ConsentOf({ person, name }: { readonly person: string; readonly name: string }) {
  useEffect(() => {
    if (!consentsLoaded.value) void loadConsents()
  }, [])
  const said = consentsOf(person)
  return (
    <section aria-labelledby="consent">
      <h2 id="consent">{t('consent.of')}</h2>
      {consentTrouble.value && <ErrorNote problem={consentTrouble.value} onRetry={() => void loadConsents()} />}
      {!said.length && <p class="muted">{t('consent.of.none', { name })}</p>}
      {said.length > 0 && (
        <ul class="cards">
          {said.map((each) => (
            <li key={each.id}>
              <Said said={each} />
            </li>
          ))}
        </ul>
      )}
      <Answers of={{ person }} name={name} />
    </section>
  )
}

function Said({ said, named = false }: { readonly said: ConsentView; readonly named?: boolean }) {
  const { allowed, scope } = said
  const place = titleOf({ title: said.chat_title, title_translations: said.chat_title_translations })
  const name = plain(said.name)
  return (
    <div>
      <p>
        <Badge kind={allowed ? 'good' : 'bad'}>{t(allowed ? 'consent.yes' : 'consent.no')}</Badge>{' '}
        {named &&
          (said.person ? (
            <Link to={personPath(said.person)}>
              <Name of={name} />
            </Link>
          ) : (
            <strong>
              <Name of={name} />
            </strong>
          ))}
      </p>
      <p>{maybe(`consent.${allowed ? 'yes' : 'no'}.${scope}`) ?? scope}</p>
      <p class="muted">
        {networkName(said.network)} · {dayTime(said.at)}
        {place && ` · ${t('consent.only', { chat: plain(place) })}`}
        {said.own_word && ` · ${t('consent.own')}`}
      </p>
    </div>
  )
}

/** What they say now. */
function Answers(props: {
  readonly of: { readonly person: string } | { readonly entry: string }
  readonly name: string
  readonly only?: 'withdraw'
}) {
  const { of, name, only } = props
  const back = useSignal<Scope | null>(null)
  const { busy, problem, run } = useDoing()
  const shown = plain(name)
  const say = (scope: Scope, allowed: boolean, own_word = false): Promise<void> =>
    run(async () => {
      try {
        await writeDown({ ...of, scope, allowed, own_word })
      } catch (error) {
        if (own_word || asError(error).code !== 'conflict') throw error
        back.value = scope
        return
      }
      note(t('consent.noted', { name: shown }))
    })
  const wanted = back.value
  return (
    <>
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions consents">
        {!only && (
          <>
            <Button disabled={busy.value} onClick={() => void say('forward', true)}>
              {t('consent.give.forward')}
            </Button>
            <Button disabled={busy.value} onClick={() => void say('publish', true)}>
              {t('consent.give.publish')}
            </Button>
          </>
        )}
        <Button disabled={busy.value} onClick={() => void say('forward', false)}>
          {t('consent.withdraw')}
        </Button>
      </div>
      {wanted && <TookBack name={shown} onYes={() => void say(wanted, true, true)} onClose={() => (back.value = null)} />}
    </>
  )
}
