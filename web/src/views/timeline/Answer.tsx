import { signal } from '@preact/signals'
import { useLayoutEffect } from 'preact/hooks'

import type { MessageView } from '../../api/types.gen.ts'
import { draftOf, dropDraft, saveDraft, showDraft } from '../../state/drafts.ts'
import { nameOf } from '../../state/networks.ts'
import { send } from '../../state/outbox.ts'
import { abilities } from '../../state/timeline.ts'
import { maybe, t, wordsOf } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, ErrorNote, plain } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'

/** The post that is being answered. */
export const answering = signal<MessageView | null>(null)

/** An answer to a post. What is written is kept when it is closed. */
export function Answer({ post, onClose }: { readonly post: MessageView; readonly onClose: () => void }) {
  const slot = `edit:answer ${post.id}`
  const text = draftOf(slot)
  const { busy, problem, run } = useDoing()
  useLayoutEffect(() => showDraft(slot), [slot])
  const can = abilities.value[post.chat]
  const network = nameOf(post.network)
  const left = typeof can?.max_text === 'number' ? can.max_text - [...text.value].length : null
  const submit = (): Promise<void> =>
    run(async () => {
      const said = text.value.trim()
      if (!said || (left !== null && left < 0)) return
      await send(post.chat, said, { replyTo: post.id })
      await dropDraft(slot)
      note(t('answer.sent'))
      onClose()
    })
  return (
    <Dialog title={t('compose.replying', { name: post.mine ? t('yourself') : plain(post.author_name) })} onClose={onClose}>
      <blockquote class="answered" dir="auto">
        {wordsOf(post) || post.title}
      </blockquote>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <div class="field">
          <label for="answer">{t('answer.label')}</label>
          <textarea
            id="answer"
            rows={4}
            dir="auto"
            aria-describedby="answer-readers"
            value={text.value}
            onInput={(event) => saveDraft(slot, event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
              event.preventDefault()
              void submit()
            }}
          />
        </div>
        <p id="answer-readers" class="help">
          {maybe(`trust.network.${can?.privacy}`, { network }) ?? t('trust.network.', { network })}{' '}
          {left !== null && <span class={left < 0 ? 'problem' : ''}>{t('answer.left', { count: left })}</span>}
        </p>
        {problem.value && <ErrorNote problem={problem.value} />}
        <div class="actions">
          <Button onClick={onClose}>{t('later')}</Button>
          <Button type="submit" kind="main" icon="send" disabled={busy.value || !text.value.trim() || (left !== null && left < 0)}>
            {t('send')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
