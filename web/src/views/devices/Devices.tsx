/** Screens and programs that may speak with the node, and the nodes that are one's own. */

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import { link } from '../../api/live.ts'
import type { DeviceView, PairingView } from '../../api/types.gen.ts'
import {
  devices, devicesLoaded, devicesTrouble, loadDevices, nameDevice, nodes, pairingCode, revokeDevice, type Scope, SCOPES,
} from '../../state/devices.ts'
import { dayTime, maybe, t, time } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Badge, Button, Choice, ErrorNote, Field, Icon, Waiting } from '../../ui/basics.tsx'
import { Confirm, Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { attempt } from '../chat/attempt.ts'

export function Devices() {
  useEffect(() => void loadDevices(), [])
  const trouble = devicesTrouble.value
  return (
    <Page title={t('devices.title')} back="/settings">
      {link.value === 'down' && (
        <p class="note" role="status">
          <Icon name="wifi-off" /> {t('offline.old')}
        </p>
      )}
      {trouble && <ErrorNote problem={trouble} onRetry={() => void loadDevices()} />}
      {!devicesLoaded.value && !trouble && <Waiting label={t('loading')} rows={3} />}
      {devicesLoaded.value && devices.value.length < 2 && <p>{t('devices.only')}</p>}
      <h2>{t('devices.connected')}</h2>
      <ul class="cards" aria-label={t('devices.connected')}>
        {devices.value.map((device) => (
          <Device key={device.id} device={device} />
        ))}
      </ul>
      <Add />
      <h2>{t('devices.nodes')}</h2>
      <ul class="cards" aria-label={t('devices.nodes')}>
        {nodes.value.map((node, at) => (
          <li key={node.id}>
            <p>
              <strong>{t('devices.node', { number: at + 1 })}</strong>{' '}
              {node.this && <Badge kind="good">{t('devices.node.this')}</Badge>}
            </p>
            <p class="muted">{t(node.active ? 'devices.node.active' : 'devices.node.idle')}</p>
          </li>
        ))}
      </ul>
    </Page>
  )
}

function Device({ device }: { readonly device: DeviceView }) {
  const asked = useSignal<'name' | 'revoke' | null>(null)
  const name = device.label || t('devices.unnamed')
  const close = (): void => {
    asked.value = null
  }
  const revoke = async (): Promise<void> => {
    await revokeDevice(device.id)
    note(t('devices.revoked', { name }))
  }
  return (
    <li>
      <div>
        <h3>
          <bdi>{name}</bdi> {device.this && <Badge kind="good">{t('devices.this')}</Badge>}
        </h3>
        <p class="muted">
          {maybe(`devices.kind.${device.kind}`) ?? device.kind}, {maybe(`devices.scope.${device.scope}`) ?? device.scope} ·{' '}
          {t('devices.used', { at: dayTime(device.used_at) })} · {t('devices.since', { at: dayTime(device.created_at) })}
        </p>
      </div>
      <div class="actions">
        <Button icon="pencil" onClick={() => (asked.value = 'name')}>
          {t('devices.rename')}
          <span class="unseen">: {name}</span>
        </Button>
        {!device.this && (
          <Button onClick={() => (asked.value = 'revoke')}>
            {t('devices.revoke')}
            <span class="unseen">: {name}</span>
          </Button>
        )}
      </div>
      {asked.value === 'name' && <Naming device={device} onClose={close} />}
      {asked.value === 'revoke' && (
        <Confirm
          title={t('devices.revoke.title', { name })}
          text={t('devices.revoke.text')}
          yes={t('devices.revoke')}
          onYes={() => attempt(revoke)}
          onClose={close}
        />
      )}
    </li>
  )
}

function Naming({ device, onClose }: { readonly device: DeviceView; readonly onClose: () => void }) {
  const name = useSignal(device.label)
  const { busy, problem, run } = useDoing()
  return (
    <Dialog title={t('devices.rename.title')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(async () => {
            await nameDevice(device.id, name.value.trim())
            onClose()
          })
        }}
      >
        <Field
          label={t('devices.name')}
          name="device-name"
          value={name.value}
          onText={(text) => (name.value = text)}
          maxLength={100}
          autocomplete="off"
          required
        />
        {problem.value && <ErrorNote problem={problem.value} />}
        <Button type="submit" kind="main" disabled={busy.value}>
          {t('save')}
        </Button>
      </form>
    </Dialog>
  )
}

const LOCAL = /^(localhost|127\.|\[::1\])/

/** A code, what it allows, and where it is to be typed. */
function Add() {
  const scope = useSignal<Scope>('admin')
  const code = useSignal<PairingView | null>(null)
  const { busy, problem, run } = useDoing()
  return (
    <>
      <h2>{t('devices.add')}</h2>
      <Choice
        label={t('devices.which')}
        name="scope"
        value={scope.value}
        options={SCOPES.map((each) => [each, t(`devices.scope.${each}`)] as const)}
        onChoice={(chosen) => {
          scope.value = chosen
          code.value = null
        }}
      />
      {problem.value && <ErrorNote problem={problem.value} />}
      {code.value ? (
        <div class="note" role="status">
          <div class="grow">
            <p>{t('devices.code')}</p>
            <p>
              <strong>{location.origin}</strong>
            </p>
            <output class="shown">{code.value.code}</output>
            <p class="help">{t('devices.until', { at: time(code.value.expires_at) })}</p>
            {LOCAL.test(location.hostname) && <p class="help">{t('devices.local')}</p>}
          </div>
        </div>
      ) : (
        <Button
          icon="plus"
          disabled={busy.value}
          onClick={() => void run(async () => (code.value = await pairingCode(scope.value)))}
        >
          {t('devices.make')}
        </Button>
      )}
    </>
  )
}
