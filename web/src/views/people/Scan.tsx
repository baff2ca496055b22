/** A code before the camera, or on a picture. Its text is found here; no picture leaves the page. */

import { useSignal } from '@preact/signals'
import read from 'jsqr'
import { useEffect, useRef } from 'preact/hooks'

import { t } from '../../text/t.ts'
import { Button } from '../../ui/basics.tsx'

const EVERY_MS = 200
/** Larger pictures are made smaller: a code that fills a part of this can be read. */
const EDGE_PX = 1_000

/** The text of the code on a picture; empty where none is found. */
function textOn(picture: CanvasImageSource, width: number, height: number, canvas: HTMLCanvasElement): string {
  const scale = Math.min(1, EDGE_PX / Math.max(width, height, 1))
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const drawing = canvas.getContext('2d', { willReadFrequently: true })
  if (!drawing || !canvas.width || !canvas.height) return ''
  drawing.drawImage(picture, 0, 0, canvas.width, canvas.height)
  const { data } = drawing.getImageData(0, 0, canvas.width, canvas.height)
  return read(data, canvas.width, canvas.height)?.data.trim() ?? ''
}

export function Scan({ onText, onClose }: { readonly onText: (text: string) => void; readonly onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null)
  const problem = useSignal('')
  const found = useRef(onText)
  found.current = onText
  useEffect(() => {
    let timer = 0
    let ended = false
    let stream: MediaStream | undefined
    const canvas = document.createElement('canvas')
    const look = (): void => {
      const { current } = video
      const text = current ? textOn(current, current.videoWidth, current.videoHeight, canvas) : ''
      if (text && !ended) found.current(text)
    }
    const start = async (): Promise<void> => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
      if (ended || !video.current) return stop()
      video.current.srcObject = stream
      await video.current.play()
      timer = window.setInterval(look, EVERY_MS)
    }
    const stop = (): void => {
      ended = true
      window.clearInterval(timer)
      for (const track of stream?.getTracks() ?? []) track.stop()
    }
    if (!navigator.mediaDevices) problem.value = t('scan.insecure')
    else start().catch(() => (problem.value = t('scan.no-camera')))
    return stop
  }, [])
  const choose = async (file: File | undefined): Promise<void> => {
    const picture = file && (await createImageBitmap(file).catch(() => null))
    const text = picture ? textOn(picture, picture.width, picture.height, document.createElement('canvas')) : ''
    if (text) onText(text)
    else problem.value = t('scan.nothing')
  }
  return (
    <div class="scan">
      {!problem.value && <video ref={video} muted playsInline aria-label={t('scan.camera')} />}
      {problem.value ? (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      ) : (
        <p class="help" role="status">
          {t('scan.hold')}
        </p>
      )}
      <div class="field">
        <label for="scan-picture">{t('scan.picture')}</label>
        <input
          id="scan-picture"
          type="file"
          accept="image/*"
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
      </div>
      <Button onClick={onClose}>{t('close')}</Button>
    </div>
  )
}
