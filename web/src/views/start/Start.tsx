/** The first minutes: a name, 24 words, three of them again, and a relay; or a persona that is brought back. */

import { type Signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'

import { isRelay } from '../../state/relays.ts'
import { checkWords, createPersona, finishStart, restorePersona } from '../../state/session.ts'
import { t } from '../../text/t.ts'
import { Button, Choice, ErrorNote, Field, Toggle } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { BeARelay, OwnRelay, UseRelay } from '../relays/UseRelay.tsx'
import { Alone } from './Gate.tsx'

type Step = 'name' | 'words' | 'check' | 'relay'
const STEPS: readonly Step[] = ['name', 'words', 'check', 'relay']
const ASKED = 3

export function Start() {
  const step = useSignal<Step>('name')
  const words = useSignal<readonly string[]>([])
  const way = useSignal<'new' | 'restore'>('new')
  const heading = step.value === 'name' && way.value === 'restore' ? t('restore.title') : t(`start.${step.value}`)
  return (
    <Alone title={heading}>
      {way.value === 'new' && <Steps at={step.value} />}
      {step.value === 'name' && (
        <>
          <Choice
            label={t('start.way')}
            name="way"
            value={way.value}
            options={[
              ['new', t('start.new')],
              ['restore', t('start.restore')],
            ]}
            onChoice={(chosen) => (way.value = chosen)}
          />
          {way.value === 'new' ? <NameStep step={step} words={words} /> : <Restore />}
        </>
      )}
      {step.value === 'words' && <WordsStep words={words.value} onDone={() => (step.value = 'check')} />}
      {step.value === 'check' && (
        <CheckStep onBack={() => (step.value = 'words')} onDone={() => (step.value = 'relay')} />
      )}
      {step.value === 'relay' && <RelayStep />}
    </Alone>
  )
}

function Steps({ at }: { readonly at: Step }) {
  return (
    <ol class="steps" aria-label={t('start.steps')}>
      {STEPS.map((step) => (
        <li key={step} aria-current={step === at ? 'step' : undefined}>
          {t(`start.step.${step}`)}
        </li>
      ))}
    </ol>
  )
}

function NameStep({ step, words }: { readonly step: Signal<Step>; readonly words: Signal<readonly string[]> }) {
  const name = useSignal('')
  const passphrase = useSignal('')
  const { busy, problem, run } = useDoing()
  const create = async (): Promise<void> => {
    const asked = { name: name.value.trim(), passphrase: passphrase.value }
    words.value = await createPersona(asked)
    step.value = 'words'
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void run(create)
      }}
    >
      <Field
        label={t('start.your-name')}
        help={t('start.your-name.help')}
        name="name"
        value={name.value}
        onText={(text) => (name.value = text)}
        autocomplete="nickname"
        maxLength={200}
        required
      />
      <NewPassphrase value={passphrase.value} onText={(text) => (passphrase.value = text)} />
      {problem.value && <ErrorNote problem={problem.value} />}
      <Button type="submit" kind="main" disabled={busy.value}>
        {busy.value ? t('start.making') : t('continue')}
      </Button>
    </form>
  )
}

/** One that is typed wrong would lock its owner out: it can be looked at. */
function NewPassphrase({ value, onText }: { readonly value: string; readonly onText: (text: string) => void }) {
  const seen = useSignal(false)
  return (
    <>
      <Field
        label={t('start.passphrase')}
        help={t('start.passphrase.help')}
        name="passphrase"
        type={seen.value ? 'text' : 'password'}
        autocomplete="new-password"
        exact
        value={value}
        onText={onText}
        required
      />
      <Toggle label={t('start.passphrase.show')} on={seen.value} onChange={(on) => (seen.value = on)} />
    </>
  )
}

function WordsStep({ words, onDone }: { readonly words: readonly string[]; readonly onDone: () => void }) {
  return (
    <>
      <p>{t('words.text')}</p>
      <ol class="words">
        {words.map((word, place) => (
          <li key={place} translate={false}>
            {word}
          </li>
        ))}
      </ol>
      <p class="help">{t('words.once')}</p>
      <Button kind="main" onClick={onDone}>
        {t('words.done')}
      </Button>
    </>
  )
}

/** Three places of the 24, in their order. */
function draw(): readonly number[] {
  const places = new Set<number>()
  while (places.size < ASKED) places.add(1 + ((crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) % 24))
  return [...places].toSorted((a, b) => a - b)
}

function CheckStep({ onBack, onDone }: { readonly onBack: () => void; readonly onDone: () => void }) {
  const places = useMemo(draw, [])
  const said = useSignal<Readonly<Record<string, string>>>({})
  const wrong = useSignal(false)
  const { busy, problem, run } = useDoing()
  const check = async (): Promise<void> => {
    const words = Object.fromEntries(places.map((place) => [place, (said.value[place] ?? '').trim().toLowerCase()]))
    wrong.value = !(await checkWords(words))
    if (!wrong.value) onDone()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void run(check)
      }}
    >
      <p>{t('check.text')}</p>
      {places.map((place) => (
        <Field
          key={place}
          label={t('check.word', { place })}
          name={`word-${place}`}
          value={said.value[place] ?? ''}
          onText={(text) => (said.value = { ...said.value, [place]: text })}
          autocomplete="off"
          exact
          required
        />
      ))}
      {wrong.value && (
        <p class="problem" role="alert">
          {t('check.wrong')}
        </p>
      )}
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button onClick={onBack}>{t('check.again')}</Button>
        <Button type="submit" kind="main" disabled={busy.value}>
          {t('continue')}
        </Button>
      </div>
    </form>
  )
}

function RelayStep() {
  return (
    <>
      <p>{t('relay.text')}</p>
      <UseRelay onDone={finishStart} beside={<Button onClick={finishStart}>{t('relay.later')}</Button>} />
      {isRelay.value ? <OwnRelay onDone={finishStart} /> : <BeARelay />}
      <p class="help">{t('relay.without')}</p>
    </>
  )
}

function Restore() {
  const words = useSignal('')
  const passphrase = useSignal('')
  const { busy, problem, run } = useDoing()
  const backup = useSignal<File | null>(null)
  const part = useSignal(0)
  const given = words.value.toLowerCase().match(/\p{L}+/gu) ?? []
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        part.value = 0
        void run(() => restorePersona({ words: given, passphrase: passphrase.value }, backup.value, (sent) => (part.value = sent)))
      }}
    >
      <p>{t('restore.text')}</p>
      <div class="field">
        <label for="words">{t('restore.words')}</label>
        <p class="help" id="words-help">
          {t('restore.count', { count: given.length })}
        </p>
        <textarea
          id="words"
          rows={5}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="words-help"
          value={words.value}
          onInput={(event) => (words.value = event.currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for="backup">{t('restore.backup')}</label>
        <p class="help" id="backup-help">
          {t('restore.backup.help')}
        </p>
        <input
          id="backup"
          type="file"
          aria-describedby="backup-help"
          onChange={(event) => (backup.value = event.currentTarget.files?.[0] ?? null)}
        />
        {busy.value && backup.value && <progress value={part.value} aria-label={t('restore.backup.sending')} />}
      </div>
      <NewPassphrase value={passphrase.value} onText={(text) => (passphrase.value = text)} />
      {problem.value && <ErrorNote problem={problem.value} />}
      <Button type="submit" kind="main" disabled={busy.value || given.length !== 24}>
        {busy.value ? t('restore.doing') : t('restore.do')}
      </Button>
    </form>
  )
}
