/** How the node is: its checks, and the screens that are paired with it. */

import { signal } from '@preact/signals'

import { call, fetchFile } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import type { Check, DeviceView } from '../api/types.gen.ts'

export const checks = signal<readonly Check[]>([])
export const checking = signal(false)
export const healthTrouble = signal<ApiError | null>(null)
export const devices = signal<readonly DeviceView[]>([])

export async function runChecks(): Promise<void> {
  checking.value = true
  try {
    checks.value = (await call('GET /doctor')).items
    healthTrouble.value = null
  } catch (error) {
    healthTrouble.value = asError(error)
  } finally {
    checking.value = false
  }
}

/** Have the browser save a backup, or everything readable. */
export async function saveFile(what: 'backups' | 'exports'): Promise<void> {
  const blob = await fetchFile(`POST /${what}/file`)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  const day = new Date().toISOString().slice(0, 10)
  link.download = what === 'backups' ? `swarmnode-${day}.backup` : `swarmnode-${day}.jsonl`
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

export async function loadDevices(): Promise<void> {
  devices.value = await call('GET /devices').then(
    ({ items }) => items,
    () => [],
  )
}

export async function revokeDevice(id: string): Promise<void> {
  await call('DELETE /devices/{device}', { path: { device: id } })
  await loadDevices()
}

export const pairingCode = (): Promise<{ code: string; expires_at: number }> =>
  call('POST /pairing', { body: { scope: 'admin' } })
