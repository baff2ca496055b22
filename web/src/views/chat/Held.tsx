import { useEffect } from 'preact/hooks'

import type { OutboxView } from '../../api/types.gen.ts'
import { open } from '../../state/chat.ts'
import { writeBack } from '../../state/drafts.ts'
import { isHeld, loadWaiting, takeBackHeld, waiting, waitingLoaded } from '../../state/later.ts'
import { t } from '../../text/t.ts'
import { attempt } from './attempt.ts'
import { focusComposer } from './doing.ts'
import { attach } from './files.tsx'
import { HeldRows } from './HeldRows.tsx'

/** What was said in this conversation and is held. */
export function Held({ chat }: { readonly chat: string }) {
  const { chats } = open.value
  const rows = waiting.value.filter((row) => isHeld(row) && chats.includes(row.chat))
  useEffect(() => {
    if (!waitingLoaded.value) void loadWaiting()
  }, [])
  const back = (row: OutboxView): void =>
    attempt(async () => {
      const taken = await takeBackHeld(row.message)
      if (taken.files.length) attach(chat, taken.files)
      await writeBack(chat, taken.text)
      focusComposer()
    })
  return <HeldRows title={t('held.title')} rows={rows} onBack={back} onGone={focusComposer} />
}
