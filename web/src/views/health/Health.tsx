import { useEffect } from 'preact/hooks'

import { link } from '../../api/live.ts'
import type { Check } from '../../api/types.gen.ts'
import { checks, checking, healthTrouble, runChecks } from '../../state/health.ts'
import { status } from '../../state/session.ts'
import { maybe, t } from '../../text/t.ts'
import { Badge, Button, ErrorNote, Icon, Link, Waiting } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'
import { Backup } from '../settings/Backup.tsx'

const KINDS = ['bad', 'plain', 'good'] as const
const LABELS = ['health.bad', 'health.wise', 'health.ok'] as const
/** 0: something is wrong; 1: something would be wise; 2: all is well. */
const urgency = ({ ok, hint }: Check): 0 | 1 | 2 => (!ok ? 0 : hint ? 1 : 2)

/** How the node is: what is to be done first, then each check. */
export function Health() {
  useEffect(() => void runChecks(), [])
  const node = status.value
  const bad = checks.value.filter((check) => !check.ok)
  const wise = checks.value.filter((check) => check.ok && check.hint)
  const again = (
    <Button icon="refresh-cw" disabled={checking.value} onClick={() => void runChecks()}>
      {t('health.again')}
    </Button>
  )
  return (
    <Page title={t('health.title')} actions={again}>
      {link.value === 'down' && (
        <p class="note" role="status">
          <Icon name="wifi-off" /> {t('offline')}
        </p>
      )}
      {healthTrouble.value && <ErrorNote problem={healthTrouble.value} />}
      {checking.value && !checks.value.length && <Waiting label={t('health.checking')} />}
      {checks.value.length > 0 && (
        <p class={bad.length ? 'note' : 'note good'} role="status">
          <Icon name={bad.length ? 'circle-alert' : 'check'} />
          {bad.length
            ? t('health.todo', { count: bad.length })
            : wise.length
              ? t('health.advice', { count: wise.length })
              : t('health.good')}
        </p>
      )}
      <ul class="checks">
        {checks.value
          .toSorted((a, b) => urgency(a) - urgency(b))
          .map((check) => (
            <li key={check.name}>
              <Badge kind={KINDS[urgency(check)]}>{t(LABELS[urgency(check)])}</Badge>
              <div>
                <p>
                  <strong>{maybe(`health.check.${check.name}`) ?? check.name}:</strong> {check.detail}
                </p>
                {check.hint && <p class="help">{check.hint}</p>}
              </div>
            </li>
          ))}
      </ul>
      <h2>{t('backup.title')}</h2>
      <Backup onSaved={runChecks} />
      {node && (
        <>
          <h2>{t('health.relays')}</h2>
          {node.relays.length ? (
            <ul class="checks">
              {node.relays.map((relay) => (
                <li key={relay.id}>
                  <Badge kind={relay.state === 'up' ? 'good' : 'bad'}>
                    {maybe(`relay.state.${relay.state}`) ?? relay.state}
                  </Badge>
                  <p>
                    <bdi>{relay.address}</bdi>
                  </p>
                </li>
              ))}
            </ul>
          ) : (
            <p class="muted">{t('health.no-relay')}</p>
          )}
          <p>
            <Link to="/relays">{t('settings.relays')}</Link>
          </p>
          <p class="muted">{t('health.version', { version: node.version })}</p>
        </>
      )}
    </Page>
  )
}
