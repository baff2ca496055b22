/** How the node is: its checks, its settings, and what is saved of it. */

import { signal } from '@preact/signals'

import { call, fetchFile } from '../api/client.ts'
import { type ApiError, asError } from '../api/errors.ts'
import { listen } from '../api/live.ts'
import { rounds } from '../api/rounds.ts'
import type { Check, SettingView } from '../api/types.gen.ts'
import { refresh } from './session.ts'

export const checks = signal<readonly Check[]>([])
export const checking = signal(false)
export const healthTrouble = signal<ApiError | null>(null)
/** The node's settings: those that its owner changes, and those of whoever keeps the machine. */
export const nodeSettings = signal<readonly SettingView[]>([])

const examination = rounds(async () => {
  checking.value = true
  try {
    checks.value = (await call('GET /doctor')).items
    healthTrouble.value = null
  } catch (error) {
    healthTrouble.value = asError(error)
  } finally {
    checking.value = false
  }
})
export const runChecks = (): Promise<void> => examination.now()

/** Have the browser save a backup, or everything readable. */
export async function saveFile(what: 'backups' | 'exports'): Promise<void> {
  const blob = await fetchFile(`POST /${what}/file`)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  const day = new Date().toISOString().slice(0, 10)
  link.download = what === 'backups' ? `swarmnode-${day}.backup` : `swarmnode-${day}.jsonl`
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  if (what === 'backups') await refresh() // it says when the last one was made
}

export const isOwners = ({ change }: SettingView): boolean => change === 'at-once' || change === 'at-start'

/** Let a setting be this; what it is by itself is not written down. Gives it as it is then. */
export async function changeSetting({ name, default: usual }: SettingView, value: string): Promise<SettingView> {
  const path = { setting: name }
  const now = await call('PATCH /settings/{setting}', { path, body: { value: value === usual ? null : value } })
  nodeSettings.value = nodeSettings.value.map((known) => (known.name === name ? now : known))
  settings.again()
  return now
}

const settings = rounds(async () => {
  try {
    nodeSettings.value = (await call('GET /settings')).items
  } catch (error) {
    healthTrouble.value = asError(error)
  }
})
export const loadNodeSettings = (): Promise<void> => settings.now()

listen(({ type }) => {
  if (type === 'settings.changed' || type === 'resync') settings.again()
})
