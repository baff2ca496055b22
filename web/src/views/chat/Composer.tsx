import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

import { useCommand } from '../../keys.ts'
import { can, edit, open } from '../../state/chat.ts'
import { draftOf, dropDraft, saveDraft, showDraft } from '../../state/drafts.ts'
import { limitsOf } from '../../state/files.ts'
import { send } from '../../state/outbox.ts'
import { isPerson } from '../../state/places.ts'
import { enterSends, undoS } from '../../state/settings.ts'
import { dayTime, t } from '../../text/t.ts'
import { announce } from '../../ui/Announcer.tsx'
import { Button, Icon, plain } from '../../ui/basics.tsx'
import { doing, focusComposer, startEdit } from './doing.ts'
import { attempt } from './attempt.ts'
import { attach, attachedTo, choose, Tray } from './files.tsx'
import { Held } from './Held.tsx'
import { SendLater } from './SendLater.tsx'

/** Where one writes. What stands in it is kept, whatever happens to the page. */
export function Composer({ chat, name, via = '' }: { readonly chat: string; readonly name: string; readonly via?: string }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const now = doing.value
  const slot = now?.what === 'edit' ? `edit:${now.message.id}` : chat
  const usual = now?.what === 'edit' ? now.message.text : ''
  const text = draftOf(slot, usual)

  useLayoutEffect(() => showDraft(slot, usual), [slot])

  // As high as what is written, up to a third of the window (the style sheet says so).
  useLayoutEffect(() => {
    if (!field.current) return
    field.current.style.height = 'auto'
    field.current.style.height = `${field.current.scrollHeight}px`
  }, [text.value])

  const stop = (): void => {
    doing.value = null
    focusComposer()
  }
  const limits = now?.what === 'edit' ? null : limitsOf(isPerson(chat) ? via : chat, open.value.each[via || chat] ?? null)
  const files = limits ? attachedTo(chat) : []
  const add = (list: FileList | null | undefined): boolean => {
    if (!limits || !list?.length) return false
    attempt(() => choose(chat, list, limits))
    return true
  }
  useDropped(add)
  const submit = (sendAt = 0): void => {
    const said = text.value.trim()
    if ((!said && !files.length) || now !== doing.value) return
    // At once: a second Enter does not say it twice, and what is typed from now on is something new.
    if (now?.what !== 'edit') text.value = ''
    if (files.length) attach(chat, [])
    const inS = sendAt ? 0 : Number(undoS.value)
    attempt(async () => {
      const done = showDraft(slot, usual)
      doing.value = null
      try {
        if (now?.what !== 'edit') await send(chat, said, { replyTo: now?.message.id ?? '', via, files, inS, sendAt })
        else if (said !== now.message.text) await edit(now.message.id, said)
      } catch (error) {
        if (!text.value) saveDraft(slot, said)
        if (files.length) attach(chat, files)
        if (!doing.value && (slot === chat || !draftOf(chat).value)) doing.value = now
        throw error
      } finally {
        done()
      }
      if (now?.what === 'edit') await dropDraft(slot)
      else if (sendAt) announce(t('held.at', { at: dayTime(sendAt) }))
      else if (inS) announce(t('held.said', { seconds: inS }))
    })
  }
  const later = useSignal(false)
  useCommand('c', t('key.write'), focusComposer)

  const limit = open.value.abilities?.max_text ?? null
  const over = limit === null ? 0 : [...text.value].length - limit
  const sayable = (!!text.value.trim() || files.length > 0) && over <= 0
  if (!can('text') && open.value.abilities) return <p class="composer muted">{t('compose.cannot')}</p>
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Held chat={chat} />
      {now && (
        <p class="composing">
          <Icon name={now.what === 'edit' ? 'pencil' : 'reply'} />
          <span>
            {now.what === 'edit'
              ? t('compose.editing')
              : t('compose.replying', { name: now.message.mine ? t('yourself') : plain(now.message.author_name) })}
            : <bdi>{now.message.text}</bdi>
          </span>
          <Button kind="quiet" icon="x" label={t('cancel')} onClick={stop} />
        </p>
      )}
      {limits && <Tray chat={chat} limits={limits} />}
      <div class="writing">
        {limits && <Choose onFiles={add} />}
        <textarea
          id="composer"
          ref={field}
          rows={1}
          dir="auto"
          aria-label={t('compose.label', { name })}
          placeholder={t('compose.placeholder')}
          value={text.value}
          onPaste={(event) => {
            if (add(event.clipboardData?.files)) event.preventDefault()
          }}
          onInput={(event) => saveDraft(slot, event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.isComposing) return
            const sends = event.ctrlKey || event.metaKey || (enterSends.value && !event.shiftKey)
            if (event.key === 'Enter' && sends) {
              event.preventDefault()
              submit()
            } else if (event.key === 'Escape' && now) {
              event.stopPropagation()
              stop()
            } else if (event.key === 'ArrowUp' && !text.value) {
              const last = open.value.messages.findLast((message) => message.mine && message.kind === 'text')
              if (last && can('edit')) {
                event.preventDefault()
                startEdit(last)
              }
            }
          }}
        />
        {limits && sayable && <Button kind="quiet" icon="clock" label={t('later.title')} onClick={() => (later.value = true)} />}
        <Button type="submit" kind="main" icon="send" label={t('send')} disabled={!sayable} />
      </div>
      {later.value && (
        <SendLater
          onClose={() => (later.value = false)}
          onTime={(at) => {
            later.value = false
            submit(at)
          }}
        />
      )}
      {over > 0 && (
        <p class="problem" role="status">
          {t('compose.too-long', { over })}
        </p>
      )}
    </form>
  )
}

function Choose({ onFiles }: { readonly onFiles: (files: FileList | null) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button kind="quiet" icon="paperclip" label={t('file.add')} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles(event.currentTarget.files)
          event.currentTarget.value = ''
        }}
      />
    </>
  )
}

/** Files may be dropped anywhere on the page; it never goes to them. */
function useDropped(add: (files: FileList | null | undefined) => void): void {
  const latest = useRef(add)
  latest.current = add
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault()
    const drop = (event: DragEvent): void => {
      event.preventDefault()
      latest.current(event.dataTransfer?.files)
    }
    document.addEventListener('dragover', over)
    document.addEventListener('drop', drop)
    return () => {
      document.removeEventListener('dragover', over)
      document.removeEventListener('drop', drop)
    }
  }, [])
}
