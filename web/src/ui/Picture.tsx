/**
 * A picture of somebody. One that moves stands still at its first frame, until somebody wants to see it move, and goes
 * on doing so only as long as they do.
 */

import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { moves } from '../state/moving.ts'
import { t } from '../text/t.ts'
import { Button } from './basics.tsx'

interface PictureProps {
  readonly source: string
  readonly mediaType: string
  readonly alt: string
  readonly class?: string
  readonly tab?: number
  /** What its button is called, where that is more than what it shows. */
  readonly label?: string
  /** It can be seen larger. */
  readonly onLarge?: () => void
  readonly onError: () => void
  /** What stands below it, in its button. */
  readonly children?: ComponentChildren
}

const MAY_MOVE = new Set(['image/gif', 'image/png', 'image/apng', 'image/webp'])

export function Picture(props: PictureProps) {
  const { source, mediaType, alt, class: more = '', tab = 0, label, onLarge, onError } = props
  const moving = useSignal<Blob | null>(null)
  const shown = useSignal(MAY_MOVE.has(mediaType) ? '' : source)
  const playing = useSignal(false)
  useEffect(() => {
    if (!MAY_MOVE.has(mediaType)) return undefined
    const end = new AbortController()
    let url = ''
    const look = async (): Promise<void> => {
      const answer = await fetch(source, { signal: end.signal })
      if (!answer.ok) throw new Error(answer.statusText)
      const blob = await answer.blob()
      url = URL.createObjectURL(blob)
      if (moves(new Uint8Array(await blob.arrayBuffer()))) moving.value = blob
      shown.value = url
    }
    look().catch(() => end.signal.aborted || onError())
    return () => {
      end.abort()
      URL.revokeObjectURL(url)
    }
  }, [source])
  const still = moving.value && !playing.value ? moving.value : null
  const picture = still ? (
    <Still blob={still} alt={alt} class={more} onError={onError} />
  ) : (
    shown.value && <img class={more} src={shown.value} alt={alt} decoding="async" onError={onError} />
  )
  return (
    <>
      {onLarge ? (
        <button type="button" class="picture" tabIndex={tab} aria-label={label} onClick={onLarge}>
          {picture}
          {props.children}
        </button>
      ) : (
        picture
      )}
      {moving.value && (
        <Button
          icon={playing.value ? 'pause' : 'play'}
          tabIndex={tab}
          label={t(playing.value ? 'picture.stop' : 'picture.play', { text: alt })}
          onClick={() => (playing.value = !playing.value)}
        >
          {t(playing.value ? 'picture.pause' : 'picture.moves')}
        </Button>
      )}
    </>
  )
}

/** Its first frame. */
function Still(props: { readonly blob: Blob; readonly alt: string; readonly class: string; readonly onError: () => void }) {
  const { blob, alt, onError } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    createImageBitmap(blob).then((frame) => {
      const drawn = canvas.current
      if (!drawn) return
      ;[drawn.width, drawn.height] = [frame.width, frame.height]
      drawn.getContext('2d')?.drawImage(frame, 0, 0)
      frame.close()
    }, onError)
  }, [blob])
  return <canvas ref={canvas} class={props.class} role="img" aria-label={alt} />
}
