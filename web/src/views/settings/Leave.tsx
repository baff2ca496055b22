/** To go: the node is locked, or this browser forgets it. */

import { useSignal } from '@preact/signals'

import { lock, signOut } from '../../state/session.ts'
import { t } from '../../text/t.ts'
import { Button } from '../../ui/basics.tsx'
import { Confirm } from '../../ui/Dialog.tsx'
import { attempt } from '../chat/attempt.ts'

export function Leave() {
  const leaving = useSignal(false)
  return (
    <>
      <div class="actions">
        <Button icon="lock" onClick={() => attempt(lock)}>
          {t('session.lock')}
        </Button>
        <Button onClick={() => (leaving.value = true)}>{t('session.end')}</Button>
      </div>
      {leaving.value && (
        <Confirm
          title={t('session.end')}
          text={t('session.end.text')}
          yes={t('session.end')}
          onYes={() => attempt(signOut)}
          onClose={() => (leaving.value = false)}
        />
      )}
    </>
  )
}
