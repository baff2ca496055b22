import { useSignal } from '@preact/signals'

import type { MessageView } from '../../api/types.gen.ts'
import { can, remove } from '../../state/chat.ts'
import { chatOf } from '../../state/inbox.ts'
import { nameOf } from '../../state/networks.ts'
import { t } from '../../text/t.ts'
import { Button, ErrorNote, plain } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'

/** Asks where, and then says for each place what has become of it. */
export function Delete({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const asked = useSignal(false)
  const { busy, problem, run } = useDoing()
  const drop = (everywhere: boolean): Promise<void> =>
    run(async () => {
      await remove(message.id, everywhere)
      if (everywhere) asked.value = true
      else onClose()
    })
  if (asked.value) return <Places message={message} onClose={onClose} />
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

/** What each place has done, as far as it can be known; it changes while one looks. */
function Places({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const network = message.network && nameOf(message.network)
  const gone = message.kind === 'deleted'
  const waits = message.doing.includes('delete')
  const other = network || plain(chatOf(message.chat)?.title ?? '')
  const there = !network ? t('delete.asked') : gone ? t('delete.gone-there') : waits ? t('delete.waits') : t('delete.refused')
  return (
    <Dialog title={t('delete.places')} onClose={onClose}>
      <dl class="places" aria-live="polite">
        <dt>{t('delete.place.here')}</dt>
        <dd>{gone ? t('delete.gone') : t('delete.follows', { network })}</dd>
        <dt>
          <bdi>{other}</bdi>
        </dt>
        <dd>{there}</dd>
      </dl>
      <p class="help">{t('delete.copies')}</p>
      <div class="actions">
        <Button autofocus onClick={onClose}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  )
}
