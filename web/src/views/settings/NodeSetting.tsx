/** A setting of the node: what it does, how it stands, and who changes it. The node says which are the owner's. */

import { useSignal } from '@preact/signals'

import type { SettingView } from '../../api/types.gen.ts'
import { changeSetting, isOwners } from '../../state/health.ts'
import { maybe, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Badge, Button, Choice, ErrorNote, Field, Toggle } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'

const called = (name: string): string => maybe(`settings.${name}`) ?? name
const helped = (name: string): string => maybe(`settings.${name}.help`) ?? ''

/** What a setting is found by. */
export const spokenOf = ({ name, change }: SettingView): string =>
  `${called(name)} ${helped(name)} ${maybe(`settings.why.${change}`) ?? ''} ${name}`

/** A value in words. */
function said(name: string, value: string): string {
  if (value === 'true') return t('settings.on')
  if (value === 'false') return t('settings.off')
  return maybe(`settings.${name}.${value}`) ?? (value || t('settings.empty'))
}

/** One that the owner changes, unless whoever keeps the machine has said what it is. */
export function NodeSetting({ setting }: { readonly setting: SettingView }) {
  const { busy, problem, run } = useDoing()
  const { name, waits } = setting
  const change = (value: string, done?: () => void): void =>
    void run(async () => {
      const now = await changeSetting(setting, value)
      done?.()
      note(t(now.waits ? 'settings.waits' : 'settings.changed', { name: called(name), value: said(name, now.value) }))
    })
  const refused = problem.value?.code === 'config'
  return (
    <div class="node-setting" aria-busy={busy.value}>
      {setting.by === 'keeper' ? <Kept setting={setting} /> : <Change setting={setting} refused={refused} onChange={change} />}
      {waits && (
        <p class="help">
          <Badge kind="warn">{t('settings.waits.badge')}</Badge>
        </p>
      )}
      {problem.value && !refused && <ErrorNote problem={problem.value} />}
    </div>
  )
}

interface Changed {
  readonly setting: SettingView
  readonly refused: boolean
  readonly onChange: (value: string, done?: () => void) => void
}

function Change(props: Changed) {
  const { setting, onChange } = props
  const { name, value, kind, choices } = setting
  if (kind === 'truth') {
    return (
      <Toggle label={called(name)} help={helped(name)} on={value === 'true'} onChange={(on) => onChange(String(on))} />
    )
  }
  if (kind === 'choice') {
    const options = choices.map((choice) => [choice, said(name, choice)] as const)
    return (
      <>
        <Choice label={called(name)} name={name} value={value} options={options} onChoice={onChange} />
        <p class="help">{helped(name)}</p>
      </>
    )
  }
  return <Written {...props} />
}

/** What is typed counts when it is saved; until then nothing that the node says takes its place. */
function Written({ setting: { name, value }, refused, onChange }: Changed) {
  const typed = useSignal<string | null>(null)
  const shown = typed.value ?? value
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onChange(shown.trim(), () => (typed.value = null))
      }}
    >
      <Field
        label={called(name)}
        help={helped(name)}
        {...(refused ? { problem: t('settings.refused') } : {})}
        name={name}
        value={shown}
        onText={(text) => (typed.value = text)}
        maxLength={4096}
        autocomplete="off"
        exact
      />
      {shown.trim() !== value && <Button type="submit">{t('save')}</Button>}
    </form>
  )
}

function Kept({ setting: { name, value, place } }: { readonly setting: SettingView }) {
  return (
    <>
      <p>
        {called(name)} <Badge>{said(name, value)}</Badge>
      </p>
      <p class="help">{t('settings.kept', { place })}</p>
    </>
  )
}

/** Those that are changed on the machine alone, with why. */
export function KeptOnMachine({ settings, open }: { readonly settings: readonly SettingView[]; readonly open: boolean }) {
  const reasons = [...new Set(settings.map(({ change }) => change))]
  return (
    <details open={open}>
      <summary>{t('settings.machine.show', { count: settings.length })}</summary>
      <p class="help">{t('settings.machine.text')}</p>
      {reasons.map((why) => (
        <div key={why}>
          <h3>{maybe(`settings.why.${why}`) ?? why}</h3>
          <dl class="kept">
            {settings
              .filter(({ change }) => change === why)
              .map(({ name, value }) => (
                <div key={name}>
                  <dt>
                    {called(name)} <code>{name}</code>
                  </dt>
                  <dd>{said(name, value)}</dd>
                </div>
              ))}
          </dl>
        </div>
      ))}
    </details>
  )
}

/** The owner's settings, those that matter most first; what a newer node has beyond them stands at the end. */
export function ownersOf(settings: readonly SettingView[]): readonly SettingView[] {
  const at = ({ name }: SettingView): number => (FIRST.indexOf(name) + 1 || FIRST.length + 1)
  return settings.filter(isOwners).toSorted((one, other) => at(one) - at(other))
}

const FIRST: readonly string[] = ['privacy.receipts', 'privacy.strangers', 'privacy.notice', 'privacy.forward']
