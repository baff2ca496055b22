/** The relays that keep one's mail: use one, leave one, lend the one that this node is. */

import { useSignal } from '@preact/signals'

import { link } from '../../api/live.ts'
import type { RelayView } from '../../api/types.gen.ts'
import { isRelay, leaveRelay, lend, relays } from '../../state/relays.ts'
import { maybe, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Badge, Button, Empty, ErrorNote, Field, Icon } from '../../ui/basics.tsx'
import { Confirm } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { Qr } from '../../ui/Qr.tsx'
import { attempt } from '../chat/attempt.ts'
import { BeARelay, OwnRelay, UseRelay } from './UseRelay.tsx'

export function Relays() {
  const used = (): void => note(t('relays.used'))
  return (
    <Page title={t('relays.title')} back="/settings">
      <p>{t('relays.text')}</p>
      {link.value === 'down' && (
        <p class="note" role="status">
          <Icon name="wifi-off" /> {t('offline.old')}
        </p>
      )}
      {!relays.value.length && (
        <Empty icon="server" title={t('relays.empty')}>
          <p>{t('relays.empty.text')}</p>
        </Empty>
      )}
      {relays.value.length > 0 && <h2>{t('relays.yours')}</h2>}
      <ul class="cards" aria-label={t('relays.yours')}>
        {relays.value.map((relay) => (
          <Relay key={relay.id} relay={relay} />
        ))}
      </ul>
      <h2>{t('relays.add')}</h2>
      <UseRelay onDone={used} />
      {isRelay.value && !relays.value.length && <OwnRelay onDone={used} />}
      {isRelay.value ? <Lend /> : <BeARelay />}
    </Page>
  )
}

function Relay({ relay }: { readonly relay: RelayView }) {
  const leaving = useSignal(false)
  const last = relays.value.length === 1
  return (
    <li>
      <div>
        <h3>
          <bdi>{relay.address}</bdi>
        </h3>
        <p>
          <Badge kind={relay.state === 'up' ? 'good' : relay.state === 'new' ? 'plain' : 'bad'}>
            {maybe(`relay.state.${relay.state}`) ?? relay.state}
          </Badge>{' '}
          {maybe(`relays.state.${relay.state}`)}
        </p>
        <p class="muted">{t('relays.tickets', { count: relay.tickets })}</p>
      </div>
      <div class="actions">
        <Button onClick={() => (leaving.value = true)}>
          {t('relays.remove')}
          <span class="unseen">: {relay.address}</span>
        </Button>
      </div>
      {leaving.value && (
        <Confirm
          title={t('relays.remove.title')}
          text={`${t('relays.remove.text')} ${last ? t('relays.remove.last') : ''}`.trim()}
          yes={t('relays.remove')}
          onYes={() => attempt(() => leaveRelay(relay.id))}
          onClose={() => (leaving.value = false)}
        />
      )}
    </li>
  )
}

function Lend() {
  const made = useSignal('')
  const { busy, problem, run } = useDoing()
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(made.value)
    note(t('copied'))
  }
  return (
    <>
      <h2>{t('relays.lend')}</h2>
      <p>{t('relays.lend.text')}</p>
      {problem.value && <ErrorNote problem={problem.value} />}
      {made.value && (
        <div class="given">
          <Qr text={made.value} label={t('relays.lend.qr')} />
          <div>
            <Field label={t('relays.lend.link')} name="lent" value={made.value} readOnly onText={() => {}} />
            {'clipboard' in navigator && (
              <Button icon="copy" onClick={() => void copy()}>
                {t('copy')}
              </Button>
            )}
            <p class="help">{t('relays.lend.help')}</p>
          </div>
        </div>
      )}
      <Button icon="plus" disabled={busy.value} onClick={() => void run(async () => (made.value = await lend()))}>
        {t('relays.lend.do')}
      </Button>
    </>
  )
}
