/** Files: those of messages, and those that are chosen to be sent. */

import { signal, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'

import type { MessageView } from '../../api/types.gen.ts'
import { bytesOf, type Chosen, isPicture, type Limits, safeName, shrunk } from '../../state/files.ts'
import { t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, Icon } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Picture } from '../../ui/Picture.tsx'

const KIB = 1024

export const sizeOf = (bytes: number): string =>
  bytes >= KIB * KIB
    ? t('file.mib', { mib: (bytes / KIB / KIB).toFixed(1) })
    : t('file.kib', { kib: Math.ceil(bytes / KIB) })

// What is chosen, by conversation, until it is sent

const chosen = signal<ReadonlyMap<string, readonly Chosen[]>>(new Map())
export const attachedTo = (chat: string): readonly Chosen[] => chosen.value.get(chat) ?? []
export const attach = (chat: string, files: readonly Chosen[]): void => {
  chosen.value = new Map(chosen.value).set(chat, files)
}

/** Put files to those that are chosen; pictures are made smaller where they have to be, and what is too large is said. */
export async function choose(chat: string, files: Iterable<File>, limits: Limits): Promise<void> {
  for (const file of files) {
    const now = attachedTo(chat)
    const left = limits.bytes - bytesOf(now)
    const one: Chosen = { name: safeName(file.name), type: file.type || 'application/octet-stream', blob: file, description: '' }
    // oxlint-disable-next-line no-await-in-loop -- each takes of what is left
    const fits = file.size <= left ? one : await shrunk(one, left)
    if (now.length >= limits.count) note(t('file.too-many', { count: limits.count }), true)
    else if (!fits) note(t('file.too-large', { name: one.name, size: sizeOf(file.size), most: sizeOf(limits.bytes) }), true)
    else {
      if (fits !== one) note(t('file.shrunk', { name: one.name, before: sizeOf(file.size), now: sizeOf(fits.blob.size) }))
      attach(chat, [...attachedTo(chat), fits])
    }
  }
}

/** What will go with the next message. */
export function Tray({ chat, limits }: { readonly chat: string; readonly limits: Limits }) {
  const files = attachedTo(chat)
  if (!files.length) return null
  const put = (index: number, file?: Chosen): void =>
    attach(chat, file ? files.with(index, file) : files.toSpliced(index, 1))
  return (
    <div class="tray">
      <ul aria-label={t('file.chosen')}>
        {files.map((file, index) => (
          <li key={file.blob}>
            {isPicture(file.type) ? <Small blob={file.blob} /> : <Icon name="paperclip" />}
            <div>
              <p>
                <bdi>{file.name}</bdi> <span class="muted">{sizeOf(file.blob.size)}</span>
              </p>
              {isPicture(file.type) && (
                <textarea
                  rows={2}
                  maxLength={1000}
                  aria-label={t('file.describe', { name: file.name })}
                  placeholder={t('file.describe.help')}
                  value={file.description}
                  onInput={(event) => put(index, { ...file, description: event.currentTarget.value })}
                />
              )}
            </div>
            <Button kind="quiet" icon="x" label={t('file.remove', { name: file.name })} onClick={() => put(index)} />
          </li>
        ))}
      </ul>
      <p class="help" role="status">
        {t('file.sum', { count: files.length, size: sizeOf(bytesOf(files)), most: sizeOf(limits.bytes) })}
      </p>
    </div>
  )
}

function Small({ blob }: { readonly blob: Blob }) {
  const url = useMemo(() => URL.createObjectURL(blob), [blob])
  useEffect(() => () => URL.revokeObjectURL(url), [url])
  return <img src={url} alt="" />
}

// Files of messages

const pathOf = (message: MessageView, index: number): string => `/api/v1/messages/${message.id}/attachments/${index}`

interface AttachedProps {
  readonly message: MessageView
  readonly index: number
  readonly tab: number
}

/** A file of a message: a picture is shown, all others can be saved. */
export function Attached({ message, index, tab }: AttachedProps) {
  const file = message.attachments[index]
  const failed = useSignal(false)
  const hidden = useSignal(message.sensitive)
  const large = useSignal(false)
  if (!file) return null
  const path = pathOf(message, index)
  if (!isPicture(file.media_type) || failed.value) {
    return (
      <a class="file" href={path} download={file.name} tabIndex={tab}>
        <Icon name="download" /> <bdi>{file.name}</bdi> {file.size_bytes > 0 && sizeOf(file.size_bytes)}
      </a>
    )
  }
  if (hidden.value) {
    return (
      <Button icon="eye" tabIndex={tab} onClick={() => (hidden.value = false)}>
        {t('file.show')}
      </Button>
    )
  }
  const says = file.description || t('file.undescribed', { name: file.name })
  return (
    <>
      <Picture
        source={path}
        mediaType={file.media_type}
        alt={says}
        tab={tab}
        onLarge={() => (large.value = true)}
        onError={() => (failed.value = true)}
      />
      {large.value && (
        <Dialog title={file.name} onClose={() => (large.value = false)}>
          <Picture source={path} mediaType={file.media_type} alt={says} class="large" onError={() => (failed.value = true)} />
          {file.description && <p dir="auto">{file.description}</p>}
          <a class="button plain" href={path} download={file.name}>
            <Icon name="download" /> {t('file.save')}
          </a>
        </Dialog>
      )}
    </>
  )
}
