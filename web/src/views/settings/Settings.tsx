/** All settings in one list, which can be searched: those of this browser, those of the node, and where others are. */

import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'

import { link } from '../../api/live.ts'
import type { SettingView } from '../../api/types.gen.ts'
import { KEPT_FOR, keptFor } from '../../state/copy.ts'
import { healthTrouble, isOwners, loadNodeSettings, nodeSettings } from '../../state/health.ts'
import { loadNetworks } from '../../state/networks.ts'
import { refresh, renameSelf, status } from '../../state/session.ts'
import { enterSends, NAMES, singleKeys, theme, UNDO_S, undoS } from '../../state/settings.ts'
import { type Language, language, setLanguage, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, Choice, ErrorNote, Field, Icon, Link, Toggle } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import type { IconName } from '../../ui/icons.ts'
import { Page } from '../../ui/Page.tsx'
import { newer, takeNewer } from '../../worker.ts'
import { Backup } from './Backup.tsx'
import { Leave } from './Leave.tsx'
import { matching } from './matching.ts'
import { KeptOnMachine, NodeSetting, ownersOf, spokenOf } from './NodeSetting.tsx'

const LANGUAGES = Object.entries(NAMES) as [Language, string][]

interface Entry {
  readonly id: string
  /** What it is found by. */
  readonly words: string
  readonly shown: ComponentChildren
}

interface Group {
  readonly title: string
  readonly entries: readonly Entry[]
}

export function Settings() {
  const typed = useSignal('')
  useEffect(() => void loadNodeSettings(), [])
  const groups = matching([...ofBrowser(), ...ofNode(typed.value !== '')], typed.value)
  const count = groups.reduce((sum, group) => sum + group.entries.length, 0)
  return (
    <Page title={t('settings.title')}>
      <input
        type="search"
        aria-label={t('settings.find')}
        placeholder={t('settings.find')}
        autocomplete="off"
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      <p class={count ? 'unseen' : 'muted'} role="status">
        {typed.value && (count ? t('settings.found', { count }) : t('settings.nothing', { text: typed.value }))}
      </p>
      {link.value === 'down' && (
        <p class="note" role="status">
          <Icon name="wifi-off" /> {t('offline.old')}
        </p>
      )}
      {groups.map((group) => (
        <section key={group.title} class="settings" aria-label={group.title}>
          <h2>{group.title}</h2>
          {group.entries.map((entry) => (
            <div key={entry.id}>{entry.shown}</div>
          ))}
        </section>
      ))}
    </Page>
  )
}

/** The node says some things itself: it is asked for them again. */
async function speak(chosen: Language): Promise<void> {
  await setLanguage(chosen)
  await Promise.all([refresh(), loadNetworks()])
}

/** What this browser keeps for itself. */
function ofBrowser(): readonly Group[] {
  const look: readonly Entry[] = [
    {
      id: 'language',
      words: `${t('settings.language')} language sprache ${Object.values(NAMES).join(' ')}`,
      shown: (
        <Choice
          label={t('settings.language')}
          name="language"
          value={language.value}
          options={LANGUAGES}
          onChoice={(chosen) => void speak(chosen)}
        />
      ),
    },
    {
      id: 'theme',
      words: `${t('settings.theme')} ${t('settings.theme.light')} ${t('settings.theme.dark')}`,
      shown: (
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
      ),
    },
  ]
  const keys: readonly Entry[] = [
    {
      id: 'enter',
      words: `${t('settings.enter')} ${t('settings.enter.help')}`,
      shown: (
        <Toggle
          label={t('settings.enter')}
          help={t('settings.enter.help')}
          on={enterSends.value}
          onChange={(on) => (enterSends.value = on)}
        />
      ),
    },
    {
      id: 'single',
      words: `${t('settings.single')} ${t('settings.single.help')}`,
      shown: (
        <Toggle
          label={t('settings.single')}
          help={t('settings.single.help')}
          on={singleKeys.value}
          onChange={(on) => (singleKeys.value = on)}
        />
      ),
    },
  ]
  const undo: Entry = {
    id: 'undo',
    words: `${t('settings.undo')} ${t('settings.undo.help')} ${t('undo')}`,
    shown: (
      <>
        <Choice
          label={t('settings.undo')}
          name="undo"
          value={undoS.value}
          options={UNDO_S.map((seconds) => [seconds, t(`settings.undo.${seconds}`)] as const)}
          onChoice={(chosen) => (undoS.value = chosen)}
        />
        <p class="help">{t('settings.undo.help')}</p>
      </>
    ),
  }
  const copy: Entry = {
    id: 'copy',
    words: `${t('settings.copy.label')} ${t('settings.copy.help')}`,
    shown: (
      <>
        <Choice
          label={t('settings.copy.label')}
          name="copy"
          value={keptFor.value}
          options={KEPT_FOR.map((kept) => [kept, t(`settings.copy.${kept}`)] as const)}
          onChoice={(chosen) => (keptFor.value = chosen)}
        />
        <p class="help">{t('settings.copy.help')}</p>
      </>
    ),
  }
  return [
    { title: t('settings.look'), entries: look },
    { title: t('settings.keys'), entries: keys },
    { title: t('settings.sending'), entries: [undo] },
    { title: t('settings.copy'), entries: [copy] },
  ]
}

/** What the node keeps, and the screens that have more. */
function ofNode(searched: boolean): readonly Group[] {
  const entry = (setting: SettingView): Entry => ({
    id: setting.name, words: spokenOf(setting), shown: <NodeSetting setting={setting} />,
  })
  const owners = ownersOf(nodeSettings.value)
  const privacy = owners.filter(({ name }) => name.startsWith('privacy.')).map(entry)
  const others = owners.filter(({ name }) => !name.startsWith('privacy.')).map(entry)
  const kept = nodeSettings.value.filter((setting) => !isOwners(setting))
  const machine: Entry = {
    id: 'machine',
    words: kept.map(spokenOf).join(' '),
    shown: <KeptOnMachine settings={kept} open={searched} />,
  }
  const about: Entry = { id: 'privacy', words: t('settings.node'), shown: <AboutNode /> }
  const backup: Entry = { id: 'backup', words: `${t('backup.text')} ${t('export.do')}`, shown: <Backup /> }
  const leave: Entry = { id: 'leave', words: `${t('session.lock')} ${t('session.end')}`, shown: <Leave /> }
  const more: readonly Entry[] = [
    place('/devices', 'monitor-smartphone', t('settings.devices'), [t('devices.add')]),
    place('/relays', 'server', t('settings.relays'), [t('relays.text')]),
    place('/outbox', 'clock', t('outbox.title'), [t('outbox.none.text')]),
    place('/deletions', 'trash-2', t('deletions.title'), [t('deletions.none.text')]),
    place('/consents', 'users', t('settings.consents'), [t('consent.text')]),
    place('/networks', 'network', t('networks.title'), [t('networks.text')]),
    place('/health', 'heart-pulse', t('health.title'), [t('health.relays')]),
  ]
  return [
    { title: t('settings.you'), entries: [{ id: 'name', words: t('settings.name'), shown: <OwnName /> }] },
    { title: t('settings.privacy'), entries: [about, ...privacy] },
    { title: t('settings.machine'), entries: kept.length ? [...others, machine] : others },
    { title: t('backup.title'), entries: [backup] },
    { title: t('settings.more'), entries: more },
    { title: t('session.title'), entries: [leave] },
    { title: t('settings.version'), entries: [{ id: 'version', words: 'swarmnode', shown: <Version /> }] },
  ]
}

function place(to: string, icon: IconName, text: string, words: readonly string[]): Entry {
  const shown = (
    <Link to={to} class="row">
      <Icon name={icon} />
      <span class="row-name">{text}</span>
    </Link>
  )
  return { id: to, words: [text, ...words].join(' '), shown }
}

function AboutNode() {
  return (
    <>
      {healthTrouble.value && <ErrorNote problem={healthTrouble.value} onRetry={() => void loadNodeSettings()} />}
      <p class="help">{t('settings.node')}</p>
    </>
  )
}

function OwnName() {
  const known = status.value?.name ?? ''
  const name = useSignal(known)
  const { busy, problem, run } = useDoing()
  const wanted = name.value.trim()
  const save = (): Promise<void> =>
    run(async () => {
      await renameSelf(wanted)
      note(t('settings.name.saved', { name: wanted }))
    })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Field
        label={t('settings.name')}
        help={t('settings.name.help')}
        name="own-name"
        value={name.value}
        onText={(text) => (name.value = text)}
        maxLength={64}
        autocomplete="nickname"
        required
      />
      {problem.value && <ErrorNote problem={problem.value} />}
      {wanted !== known && (
        <Button type="submit" disabled={busy.value || !wanted}>
          {t('save')}
        </Button>
      )}
    </form>
  )
}

function Version() {
  return (
    <>
      <p>{t('health.version', { version: status.value?.version ?? '' })}</p>
      {newer.value ? (
        <div class="note">
          <p class="grow">{t('newer')}</p>
          <Button onClick={takeNewer}>{t('newer.load')}</Button>
        </div>
      ) : (
        <p class="help">{t('settings.version.none')}</p>
      )}
    </>
  )
}
