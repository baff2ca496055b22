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
  const shown = safety.value
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
  const same = async (compared: SafetyView): Promise<void> => {
    await markChecked(contact.id, compared)
    note(t('check.done', { name }))
    onClose()
  }
  return (
    <Dialog title={t('check.person')} onClose={onClose}>
      <p>{t('check.person.text', { name })}</p>
      {problem.value && <ErrorNote problem={problem.value} />}
      {shown ? (
        <ol class="words few">
          {shown.words.map((word, place) => (
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
      {shown && !shown.verified && (
        <div class="actions">
          <Button onClick={() => (differ.value = true)}>{t('check.differ')}</Button>
          <Button kind="main" disabled={busy.value} onClick={() => void run(() => same(shown))}>
            {t('check.same')}
          </Button>
        </div>
      )}
      {shown?.verified && <p class="good">{t('trust.checked')}</p>}
    </Dialog>
  )
}
