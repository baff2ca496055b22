import { useEffect, useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'

import { bytesOf, type Chosen, isPicture, safeName } from '../../state/files.ts'
import { write, writing } from '../../state/posts.ts'
import { t } from '../../text/t.ts'
import { Button } from '../../ui/basics.tsx'

const MOST = 10
const MOST_BYTES = 8 * 1024 * 1024

/** The files of a post, each picture beside what it shows for those who cannot see it. */
export function Pictures() {
  const input = useRef<HTMLInputElement>(null)
  const large = useSignal(false)
  const { files } = writing.value
  const add = (list: FileList | null): void => {
    const fresh = [...(list ?? [])].map((file) => ({
      name: safeName(file.name), type: file.type || 'application/octet-stream', blob: file, description: '',
    }))
    const all = [...files, ...fresh]
    large.value = all.length > MOST || bytesOf(all) > MOST_BYTES
    if (!large.value && fresh.length) write({ files: all })
    if (input.current) input.current.value = ''
  }
  return (
    <>
      {files.map((file, at) => (
        <Picture
          key={`${file.name} ${at}`}
          file={file}
          at={at}
          onChange={(description) => write({ files: files.with(at, { ...file, description }) })}
          onDrop={() => write({ files: files.filter((_, place) => place !== at) })}
        />
      ))}
      <input ref={input} type="file" multiple hidden aria-label={t('compose.files')} onChange={(event) => add(event.currentTarget.files)} />
      <Button icon="image-plus" onClick={() => input.current?.click()}>
        {t('compose.files')}
      </Button>
      {large.value && (
        <p class="problem" role="alert">
          {t('compose.files.large')}
        </p>
      )}
    </>
  )
}

interface PictureProps {
  readonly file: Chosen
  readonly at: number
  readonly onChange: (description: string) => void
  readonly onDrop: () => void
}

function Picture({ file, at, onChange, onDrop }: PictureProps) {
  const url = useSignal('')
  useEffect(() => {
    if (!isPicture(file.type)) return undefined
    const made = URL.createObjectURL(file.blob)
    url.value = made
    return () => URL.revokeObjectURL(made)
  }, [file.blob])
  const id = `description-${at}`
  return (
    <div class="attached">
      {url.value && <img src={url.value} alt="" />}
      <div class="field">
        <label for={id}>
          {t(isPicture(file.type) ? 'compose.description' : 'compose.description.file')} <bdi class="muted">{file.name}</bdi>
        </label>
        <textarea
          id={id}
          rows={3}
          dir="auto"
          maxLength={1000}
          data-undescribed={isPicture(file.type) && !file.description.trim() ? '' : undefined}
          value={file.description}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </div>
      <Button kind="quiet" icon="x" label={t('compose.files.drop', { name: file.name })} onClick={onDrop} />
    </div>
  )
}
