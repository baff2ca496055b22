import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import { KEPT_FOR, keptFor } from '../../state/copy.ts'
import { devices, loadDevices, pairingCode, revokeDevice } from '../../state/health.ts'
import { lock, signOut } from '../../state/session.ts'
import { enterSends, NAMES, singleKeys, theme } from '../../state/settings.ts'
import { dayTime, type Language, language, setLanguage, t } from '../../text/t.ts'
import { Badge, Button, Choice, Toggle } from '../../ui/basics.tsx'
import { Confirm } from '../../ui/Dialog.tsx'
import { Page } from '../../ui/Page.tsx'
import { attempt } from '../chat/attempt.ts'

const LANGUAGES = Object.entries(NAMES) as [Language, string][]

export function Settings() {
  return (
    <Page title={t('settings.title')}>
      <h2>{t('settings.look')}</h2>
      <Choice
        label={t('settings.language')}
        name="language"
        value={language.value}
        options={LANGUAGES}
        onChoice={(chosen) => void setLanguage(chosen)}
      />
      <Choice
        label={t('settings.theme')}
        name="theme"
        value={theme.value}
        options={[
          ['system', t('settings.theme.system')],
          ['light', t('settings.theme.light')],
          ['dark', t('settings.theme.dark')],
        ]}
        onChoice={(chosen) => (theme.value = chosen)}
      />
      <h2>{t('settings.keys')}</h2>
      <Toggle
        label={t('settings.enter')}
        help={t('settings.enter.help')}
        on={enterSends.value}
        onChange={(on) => (enterSends.value = on)}
      />
      <Toggle
        label={t('settings.single')}
        help={t('settings.single.help')}
        on={singleKeys.value}
        onChange={(on) => (singleKeys.value = on)}
      />
      <h2>{t('settings.copy')}</h2>
      <Choice
        label={t('settings.copy.label')}
        name="copy"
        value={keptFor.value}
        options={KEPT_FOR.map((kept) => [kept, t(`settings.copy.${kept}`)] as const)}
        onChoice={(chosen) => (keptFor.value = chosen)}
      />
      <p class="help">{t('settings.copy.help')}</p>
      <Devices />
    </Page>
  )
}

function Devices() {
  const code = useSignal('')
  const leaving = useSignal(false)
  useEffect(() => void loadDevices(), [])
  return (
    <>
      <h2>{t('devices.title')}</h2>
      <ul class="cards">
        {devices.value.map((device) => (
          <li key={device.id}>
            <div class="card-head">
              <div>
                <h3>
                  <bdi>{device.label || t('devices.unnamed')}</bdi> {device.this && <Badge>{t('devices.this')}</Badge>}
                </h3>
                <p class="muted">{t('devices.used', { at: dayTime(device.used_at) })}</p>
              </div>
              {!device.this && (
                <Button onClick={() => attempt(() => revokeDevice(device.id))}>{t('devices.revoke')}</Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {code.value ? (
        <p class="note" role="status">
          {t('devices.code')} <output class="shown">{code.value}</output>
        </p>
      ) : (
        <Button icon="plus" onClick={() => attempt(async () => (code.value = (await pairingCode()).code))}>
          {t('devices.add')}
        </Button>
      )}
      <h2>{t('session.title')}</h2>
      <div class="actions">
        <Button icon="lock" onClick={() => attempt(lock)}>
          {t('session.lock')}
        </Button>
        <Button onClick={() => (leaving.value = true)}>{t('session.end')}</Button>
      </div>
      {leaving.value && (
        <Confirm
          title={t('session.end')}
          text={t('session.end.text')}
          yes={t('session.end')}
          onYes={() => attempt(signOut)}
          onClose={() => (leaving.value = false)}
        />
      )}
    </>
  )
}
