import { useLayoutEffect } from 'preact/hooks'

/** A row is chosen by a mouse that moves over it; what comes under one that rests is not. */
export const whenPointedAt =
  (choose: () => void) =>
  ({ pointerType, movementX, movementY }: PointerEvent): void => {
    if (pointerType === 'mouse' && (movementX || movementY)) choose()
  }

/**
 * Where what has the focus is taken away by the next drawing, `give` says who has it then: without that the keys of
 * somebody who reads with them lead nowhere. It is told of the element `within` which the focus was.
 */
export function useKeptFocus(within: string, give: (lost: HTMLElement) => void): void {
  const had = document.activeElement
  const place = had?.closest<HTMLElement>(within)
  useLayoutEffect(() => {
    const { activeElement, body } = document
    if (place && !had?.isConnected && (!activeElement || activeElement === body)) give(place)
  })
}
