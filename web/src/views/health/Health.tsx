import { useEffect } from 'preact/hooks'

import { link } from '../../api/live.ts'
import { checks, checking, healthTrouble, runChecks } from '../../state/health.ts'
import { status } from '../../state/session.ts'
import { maybe, t } from '../../text/t.ts'
import { Badge, Button, ErrorNote, Icon, Link, Waiting } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'
import { Backup } from '../settings/Backup.tsx'

/** How the node is: what is to be done first, then each check. */
export function Health() {
  useEffect(() => void runChecks(), [])
  const node = status.value
  const bad = checks.value.filter((check) => !check.ok)
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
          {bad.length ? t('health.todo', { count: bad.length }) : t('health.good')}
        </p>
      )}
      <ul class="checks">
        {checks.value
          .toSorted((a, b) => Number(a.ok) - Number(b.ok))
          .map((check) => (
            <li key={check.name}>
              <Badge kind={check.ok ? 'good' : 'bad'}>{check.ok ? t('health.ok') : t('health.bad')}</Badge>
              <div>
                <p>
                  <strong>{maybe(`health.check.${check.name}`) ?? check.name}:</strong> {check.detail}
                </p>
                {check.hint && !check.ok && <p class="help">{check.hint}</p>}
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
