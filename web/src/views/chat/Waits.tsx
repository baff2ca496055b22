// As a message, it takes the focus so that it can be read with keys.
/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */

import type { WayChoice } from '../../api/types.gen.ts'
import { writeBack } from '../../state/drafts.ts'
import { progress, retry, sendVia, takeBack, type Unsent } from '../../state/outbox.ts'
import { t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, Icon } from '../../ui/basics.tsx'
import { whenPointedAt } from '../../ui/focus.ts'
import { networkName, readersOf } from '../people/reasons.ts'
import { attempt } from './attempt.ts'
import { attach, sizeOf } from './files.tsx'

/** Something that is not at the node yet. */
export function Waits(props: {
  readonly unsent: Unsent
  readonly at: number
  readonly stop: boolean
  readonly onActive: () => void
}) {
  const { unsent, at, stop, onActive } = props
  const tab = stop ? 0 : -1
  const part = progress.value?.key === unsent.key ? progress.value.part : null
  const back = async (): Promise<void> => {
    const taken = await takeBack(unsent.key)
    if (!taken) return note(t('unsent.gone'))
    if (taken.files?.length) attach(unsent.chat, taken.files)
    await writeBack(unsent.chat, taken.text)
  }
  const why = unsent.choices?.length ? t('unsent.choose') : t('unsent.refused', { why: unsent.problem })
  const state = unsent.problem ? why : t('unsent.waits')
  return (
    <article
      class="message mine unsent"
      aria-label={`${t('you')}, ${state}`}
      data-at={at}
      tabIndex={tab}
      onFocus={onActive}
      onPointerMove={whenPointedAt(onActive)}
    >
      <div class="bubble">
        {unsent.text && <p dir="auto">{unsent.text}</p>}
        {unsent.files?.map((file) => (
          <p key={file.name} class="file">
            <Icon name="paperclip" /> <bdi>{file.name}</bdi> {sizeOf(file.blob.size)}
          </p>
        ))}
        {part !== null && <progress value={part} aria-label={t('unsent.progress')} />}
        <p class="foot">
          <Icon name={unsent.problem ? 'circle-alert' : 'clock'} />
          <span class={unsent.problem ? 'bad' : ''}>{state}</span>
          {unsent.problem && !unsent.choices?.length && (
            <button type="button" class="inline" tabIndex={tab} onClick={() => attempt(() => retry(unsent.key))}>
              {t('retry')}
            </button>
          )}
          <button type="button" class="inline" tabIndex={tab} onClick={() => attempt(back)}>
            {t('unsent.back')}
          </button>
        </p>
        {!!unsent.choices?.length && <Choose unsent={unsent} choices={unsent.choices} />}
      </div>
    </article>
  )
}

/** It would go a less private way than the last word: which one is for the owner to say. */
function Choose({ unsent, choices }: { readonly unsent: Unsent; readonly choices: readonly WayChoice[] }) {
  return (
    <ul class="choices" aria-label={t('unsent.choose')}>
      {choices.map((way) => (
        <li key={way.via}>
          <Button onClick={() => attempt(() => sendVia(unsent.key, way.via))}>
            {t('unsent.via', { network: networkName(way.network) })}
          </Button>
          <small>
            {readersOf(way)} {way.was && t('unsent.was')}
          </small>
        </li>
      ))}
    </ul>
  )
}
