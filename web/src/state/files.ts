/** Files that are to be sent: what was chosen, how large it may be, and pictures made small enough. */

import type { AbilitiesView } from '../api/types.gen.ts'

export interface Chosen {
  readonly name: string
  readonly type: string
  readonly blob: Blob
  /** What a picture shows. */
  readonly description: string
}

export interface Limits {
  readonly count: number
  /** Bytes of all together. */
  readonly bytes: number
}

const KIB = 1024
const OWN: Limits = { count: 4, bytes: 256 * KIB }
const REMOTE: Limits = { count: 10, bytes: 8 * KIB * KIB }

/** What a conversation takes; null where it takes no files. `abilities` are null for the node's own. */
export function limitsOf(chat: string, abilities: AbilitiesView | null): Limits | null {
  if (!chat.startsWith('b')) return OWN
  if (!abilities) return REMOTE
  const { media, max_files: most } = abilities
  const largest = Math.max(0, ...Object.values(media))
  if (!largest) return null
  return { count: Math.min(most ?? REMOTE.count, REMOTE.count), bytes: Math.min(largest, REMOTE.bytes) }
}

export const isPicture = (type: string): boolean => /^image\/(png|jpeg|gif|webp)$/.test(type)
export const bytesOf = (files: readonly Chosen[]): number => files.reduce((sum, file) => sum + file.blob.size, 0)

/** A name that is no path, as the node wants it. */
export const safeName = (name: string): string =>
  name.replaceAll(/[/\\]|\p{C}/gu, '_').replace(/^\.{1,2}$/, '_').slice(0, 120) || 'file'

/** Its bytes as text. */
export async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer())
  const parts: string[] = []
  const STEP = 0x80_00
  for (let at = 0; at < bytes.length; at += STEP) parts.push(String.fromCharCode(...bytes.subarray(at, at + STEP)))
  return btoa(parts.join(''))
}

const EDGES = [2048, 1600, 1280, 1024, 800, 640] as const
const QUALITIES = [0.85, 0.7, 0.5] as const

/** A picture that is small enough, drawn anew (without what a camera wrote into it); null where none is. */
export async function shrunk(file: Chosen, bytes: number): Promise<Chosen | null> {
  if (!isPicture(file.type)) return null
  const picture = await createImageBitmap(file.blob).catch(() => null)
  if (!picture) return null
  for (const edge of EDGES) {
    const scale = Math.min(1, edge / Math.max(picture.width, picture.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(picture.width * scale))
    canvas.height = Math.max(1, Math.round(picture.height * scale))
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
    for (const quality of QUALITIES) {
      // oxlint-disable-next-line no-await-in-loop -- the largest first
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality))
      if (blob && blob.size <= bytes) {
        return { ...file, blob, type: 'image/jpeg', name: file.name.replace(/(\.\w{1,5})?$/, '.jpg') }
      }
    }
  }
  return null
}
