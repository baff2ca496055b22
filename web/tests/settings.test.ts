import { describe, expect, it, vi } from 'vitest'

import { setCsrf } from '../src/api/client.ts'
import type { SettingView } from '../src/api/types.gen.ts'
import { scopeOf } from '../src/state/consent.ts'
import { changeSetting, nodeSettings } from '../src/state/health.ts'
import { matching } from '../src/views/settings/matching.ts'
import { ownersOf, spokenOf } from '../src/views/settings/NodeSetting.tsx'

const groups = [
  { title: 'Look', entries: [{ words: 'Language Deutsch' }, { words: 'Colours dark' }] },
  { title: 'Privacy', entries: [{ words: 'What you have read' }] },
]

describe('a list of settings', () => {
  it('finds what has every word, without case and accents', () => {
    expect(matching(groups, 'DEUTSCH')).toEqual([{ title: 'Look', entries: [{ words: 'Language Deutsch' }] }])
    expect(matching(groups, 'look dark')).toEqual([{ title: 'Look', entries: [{ words: 'Colours dark' }] }])
    expect(matching(groups, 'réad')).toEqual([groups[1]])
    expect(matching(groups, 'dark read')).toEqual([])
  })

  it('is whole where nothing was typed, and keeps a group whose title is named', () => {
    expect(matching(groups, '  ')).toBe(groups)
    expect(matching(groups, 'look')).toEqual([groups[0]])
  })
})

const setting = (name: string, more: Partial<SettingView> = {}): SettingView => ({
  name, value: 'true', default: 'true', values: 'true or false', kind: 'truth', change: 'at-once', by: 'nobody', place: '',
  choices: [], least: null, most: null, waits: false, ...more,
})

describe('settings of the node', () => {
  it('are the owner’s as the node says, in the order of the page, and new ones at the end', () => {
    const known = ['privacy.forward', 'new.one', 'privacy.receipts'].map((name) => setting(name))
    const kept = setting('http.port', { change: 'door' })
    expect(ownersOf([kept, ...known]).map(({ name }) => name)).toEqual(['privacy.receipts', 'privacy.forward', 'new.one'])
  })

  it('are found by what they are called', () => {
    expect(spokenOf(setting('new.one'))).toContain('new.one')
  })

  it('are asked for, and what they are by themselves is not written down', async () => {
    setCsrf('known')
    const asked: unknown[] = []
    vi.stubGlobal('fetch', (url: string, { body }: { body: string }) => {
      asked.push([url, JSON.parse(body)])
      return Promise.resolve(new Response(JSON.stringify(setting('privacy.receipts', { value: 'false' }))))
    })
    nodeSettings.value = [setting('privacy.receipts')]
    await changeSetting(setting('privacy.receipts'), 'false')
    await changeSetting(setting('privacy.receipts', { value: 'false' }), 'true')
    vi.unstubAllGlobals()
    const path = '/api/v1/settings/privacy.receipts'
    expect(asked).toEqual([[path, { value: 'false' }], [path, { value: null }]])
    expect(nodeSettings.value[0]?.value).toBe('false')
  })
})

describe('words of others', () => {
  it('need another leave where everybody reads', () => {
    expect(scopeOf({ kind: 'direct', privacy: 'operator_reads' })).toBe('forward')
    expect(scopeOf({ kind: 'group', privacy: 'public' })).toBe('publish')
    expect(scopeOf({ kind: 'timeline', privacy: '' })).toBe('publish')
    expect(scopeOf({ kind: 'channel', privacy: '' })).toBe('publish')
  })
})
