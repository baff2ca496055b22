import { useSignal } from '@preact/signals'

import type { ChatView, InvitationView } from '../../api/types.gen.ts'
import { go } from '../../router.ts'
import { answerInvitation } from '../../state/inbox.ts'
import { nameOf } from '../../state/networks.ts'
import { t } from '../../text/t.ts'
import { Button, plain } from '../../ui/basics.tsx'
import { attempt } from './attempt.ts'
import { focusComposer } from './doing.ts'

/** Who asks the person into a conversation, and the two answers. It stands where one would write. */
export function Invited({ chat, invitation }: { readonly chat: ChatView; readonly invitation: InvitationView }) {
  const answering = useSignal(false)
  const answer = (comes: boolean): void => {
    answering.value = true
    attempt(async () => {
      try {
        if (!comes) go('/')
        await answerInvitation(chat.id, comes)
        if (comes) focusComposer()
      } finally {
        answering.value = false
      }
    })
  }
  return (
    <section class="composer invited" aria-labelledby="invited-title">
      <h2 id="invited-title">
        <bdi>{byWhom(invitation)}</bdi>
      </h2>
      {invitation.words && (
        <blockquote>
          <bdi>{invitation.words}</bdi>
        </blockquote>
      )}
      <p class="muted">{t('invited.text', { network: nameOf(chat.network) })}</p>
      <div class="actions">
        <Button kind="main" disabled={answering.value} onClick={() => answer(true)}>
          {t('invited.accept')}
        </Button>
        <Button disabled={answering.value} onClick={() => answer(false)}>
          {t('invited.decline')}
        </Button>
      </div>
    </section>
  )
}

/** Who asks, with the address that their network knows them by; what a room says of itself is told as that. */
export function byWhom({ by_name, by_handle, vouched }: InvitationView): string {
  if (!by_name) return t('invited.unknown')
  const name = by_handle && by_handle !== by_name ? `${plain(by_name)} (${plain(by_handle)})` : plain(by_name)
  return t(vouched ? 'invited.by' : 'invited.said', { name })
}
