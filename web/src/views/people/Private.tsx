/** To talk privately with somebody who is known on another network alone; and what such a network may carry. */

import { useSignal } from '@preact/signals'

import type { PersonView, WayView } from '../../api/types.gen.ts'
import { letCarry, talkPrivately } from '../../state/book.ts'
import { maybe, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { attempt } from '../../views/chat/attempt.ts'
import { Button, ErrorNote, Icon, plain } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { networkName } from './reasons.ts'

/** Ways on which somebody can be asked to talk privately; none where their node is known already. */
export const waysToAsk = (of: PersonView): readonly WayView[] =>
  of.links.some((account) => account.contact) ? [] : of.ways.filter((way) => way.usable && way.carries === 'can')

export function TalkPrivately({ of, onClose }: { readonly of: PersonView; readonly onClose: () => void }) {
  const ways = waysToAsk(of)
  const via = useSignal(ways[0]?.chat ?? '')
  const { busy, problem, run } = useDoing()
  const name = plain(of.name)
  const network = networkName(ways.find((way) => way.chat === via.value)?.network ?? '')
  const ask = (): Promise<void> =>
    run(async () => {
      await talkPrivately(of.id, via.value)
      note(t('private.asked', { name }))
      onClose()
    })
  return (
    <Dialog title={t('private.title', { name })} onClose={onClose}>
      <p>{t('private.text', { name, network })}</p>
      <p class="note">
        <Icon name="circle-alert" />
        <span class="grow">{t('private.trust', { network })}</span>
      </p>
      {ways.length > 1 && (
        <div class="field">
          <label for="private-via">{t('talk.via')}</label>
          <select id="private-via" value={via.value} onChange={(event) => (via.value = event.currentTarget.value)}>
            {ways.map((way) => (
              <option key={way.chat} value={way.chat}>
                {networkName(way.network)}
              </option>
            ))}
          </select>
        </div>
      )}
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button onClick={onClose}>{t('cancel')}</Button>
        <Button kind="main" icon="lock" disabled={busy.value} onClick={() => void ask()}>
          {t('private.ask')}
        </Button>
      </div>
    </Dialog>
  )
}

/** Whether a conversation carries what is said in private, where no relay can be reached. */
export function Carries({ of, way }: { readonly of: PersonView; readonly way: WayView }) {
  const says = maybe(`carries.${way.carries}`)
  const contact = of.links.some((account) => account.contact)
  if (!says || (way.carries === 'can' && !contact)) return null
  const on = way.carries === 'in use' || way.carries === 'probing'
  return (
    <p class="carries">
      {says}{' '}
      {contact && way.carries !== 'meeting' && (
        <button type="button" class="inline" onClick={() => attempt(() => letCarry(of.id, way.chat, !on))}>
          {t(on ? 'carries.stop' : 'carries.allow')}
        </button>
      )}
    </p>
  )
}
