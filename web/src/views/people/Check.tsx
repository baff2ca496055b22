import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import { asError } from '../../api/errors.ts'
import type { ContactView, SafetyView } from '../../api/types.gen.ts'
import { markChecked, safetyOf } from '../../state/people.ts'
import { t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, ErrorNote, plain, Waiting } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'

/** Two people compare eight words: the same on both screens means that nobody stands in between. */
export function Check({ contact, onClose }: { readonly contact: ContactView; readonly onClose: () => void }) {
  const safety = useSignal<SafetyView | null>(null)
  const differ = useSignal(false)
  const { busy, problem, run } = useDoing()
  const name = plain(contact.name)
  // What was compared must be what stands there now: with another key there are other words.
  useEffect(() => {
    let old = false
    safetyOf(contact.id).then(
      (now) => old || (safety.value = now),
      (error: unknown) => old || (problem.value = asError(error)),
    )
    return () => {
      old = true
    }
  }, [contact])
  const same = async (): Promise<void> => {
    await markChecked(contact.id)
    note(t('check.done', { name }))
    onClose()
  }
  return (
    <Dialog title={t('check.person')} onClose={onClose}>
      <p>{t('check.person.text', { name })}</p>
      {problem.value && <ErrorNote problem={problem.value} />}
      {safety.value ? (
        <ol class="words few">
          {safety.value.words.map((word, place) => (
            <li key={place} translate={false}>
              {word}
            </li>
          ))}
        </ol>
      ) : (
        !problem.value && <Waiting label={t('loading')} rows={2} />
      )}
      {differ.value && (
        <p class="note bad" role="alert">
          {t('check.differ.text', { name })}
        </p>
      )}
      {safety.value && !safety.value.verified && (
        <div class="actions">
          <Button onClick={() => (differ.value = true)}>{t('check.differ')}</Button>
          <Button kind="main" disabled={busy.value} onClick={() => void run(same)}>
            {t('check.same')}
          </Button>
        </div>
      )}
      {safety.value?.verified && <p class="good">{t('trust.checked')}</p>}
    </Dialog>
  )
}
