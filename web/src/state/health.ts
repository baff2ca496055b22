/** How the node is: its checks, and the screens that are paired with it. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
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
