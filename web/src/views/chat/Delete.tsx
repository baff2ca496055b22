import { useSignal } from '@preact/signals'

import type { MessageView } from '../../api/types.gen.ts'
import { can, remove } from '../../state/chat.ts'
import { deletions } from '../../state/deletions.ts'
import { t } from '../../text/t.ts'
import { Button, ErrorNote } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { Places } from '../deletion/Places.tsx'

/** Asks where, and then says for each place what has become of it. */
export function Delete({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const followed = useSignal('')
  const { busy, problem, run } = useDoing()
  const drop = (everywhere: boolean): Promise<void> =>
    run(async () => {
      const made = await remove(message.id, everywhere)
      if (everywhere && made) followed.value = made
      else onClose()
    })
  if (followed.value) return <Followed id={followed.value} onClose={onClose} />
  return (
    <Dialog title={t('delete.title')} onClose={onClose}>
      <p>{message.mine ? t('delete.text.mine') : t('delete.text')}</p>
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button autofocus onClick={onClose}>
          {t('cancel')}
        </Button>
        <Button kind="bad" disabled={busy.value} onClick={() => void drop(false)}>
          {t('delete.here')}
        </Button>
        {message.mine && can('delete', message.chat) && (
          <Button kind="bad" disabled={busy.value} onClick={() => void drop(true)}>
            {t('delete.everywhere')}
          </Button>
        )}
      </div>
    </Dialog>
  )
}

/** What each place has done. */
function Followed({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const deletion = deletions.value.get(id)
  return (
    <Dialog title={t('delete.places')} onClose={onClose}>
      {deletion && <Places deletion={deletion} />}
      <div class="actions">
        <Button autofocus onClick={onClose}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  )
}
