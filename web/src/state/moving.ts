/** Which pictures move. They are told by their first bytes; what is not known to stand still is not played. */

const text = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to))

/** Whether a GIF, PNG or WebP has more than one frame; all other kinds are taken to have one. */
export function moves(bytes: Uint8Array): boolean {
  if (text(bytes, 0, 4) === 'GIF8') return frames(bytes) > 1
  if (text(bytes, 1, 4) === 'PNG') return controlled(bytes)
  // WebP container, section "Extended File Format": the second bit of the flags is "animation".
  if (text(bytes, 8, 16) === 'WEBPVP8X') return ((bytes[20] ?? 0) & 0b10) !== 0
  return false
}

/** GIF89a, sections 18 to 26: a screen, then blocks, of which each 0x2C is a frame. Two are enough to know. */
function frames(bytes: Uint8Array): number {
  const table = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0)
  let at = 13 + table(bytes[10] ?? 0)
  let count = 0
  while (at < bytes.length && count < 2) {
    const kind = bytes[at]
    if (kind === 0x2c) {
      count += 1
      at += 11 + table(bytes[at + 9] ?? 0)
    } else if (kind === 0x21) at += 2
    else break
    while (bytes[at]) at += 1 + (bytes[at] ?? 0)
    at += 1
  }
  return count
}

/** PNG, third edition, section 11.3.4: `acTL` stands before the first `IDAT`. */
function controlled(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const kind = text(bytes, at + 4, at + 8)
    if (kind === 'acTL') return true
    if (kind === 'IDAT') return false
  }
  return false
}
