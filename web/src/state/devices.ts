/** The screens and programs that are paired with the node, and the persona's nodes. */

import { signal } from '@preact/signals'

import { call } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { DeviceView, NodeView, PairingView } from '../api/types.gen.ts'

export type Scope = 'admin' | 'write' | 'read'
export const SCOPES: readonly Scope[] = ['admin', 'write', 'read']

export const devices = signal<readonly DeviceView[]>([])
export const nodes = signal<readonly NodeView[]>([])
export const devicesLoaded = signal(false)
export const devicesTrouble = signal<ApiError | null>(null)

const look = rounds(async () => {
  try {
    const [paired, own] = await Promise.all([call('GET /devices'), call('GET /nodes')])
    devices.value = paired.items
    nodes.value = own.items
    devicesLoaded.value = true
    devicesTrouble.value = null
  } catch (error) {
    devicesTrouble.value = asError(error)
  }
})
export const loadDevices = (): Promise<void> => look.now()

export async function nameDevice(id: string, name: string): Promise<void> {
  await call('PATCH /devices/{device}', { path: { device: id }, body: { name } })
  await loadDevices()
}

export async function revokeDevice(id: string): Promise<void> {
  await call('DELETE /devices/{device}', { path: { device: id } })
  await loadDevices()
}

export const pairingCode = (scope: Scope): Promise<PairingView> => call('POST /pairing', { body: { scope } })

listen(({ type }) => {
  if (type === 'resync') look.again()
})
