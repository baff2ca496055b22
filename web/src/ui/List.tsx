/**
 * A list of any length, of which only what is near the screen is drawn. The row that is read stays where it is when
 * others come before it; at the end it follows what is new.
 */

import { defaultRangeExtractor, elementScroll, observeElementOffset, observeElementRect, type Range, Virtualizer } from '@tanstack/virtual-core'
import type { ComponentChildren, RefObject } from 'preact'
import { useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks'

interface ListProps<T> {
  readonly items: readonly T[]
  readonly keyOf: (item: T) => string
  readonly row: (item: T, index: number) => ComponentChildren
  readonly label: string
  /** Height of a row before it is measured, in pixels. */
  readonly estimate: number
  /** Where it begins and what it holds on to: `start` as lists do, `end` as conversations do. */
  readonly anchor?: 'start' | 'end'
  /** The row that is shown at first, at the upper edge or in the middle; else the first one, with `end` the last. */
  readonly first?: number
  /** A row that is drawn wherever it is, since the focus is in it or comes to it. */
  readonly keep?: number
  readonly onKeyDown?: (event: KeyboardEvent) => void
  /** Called when what lies before the first row comes near. */
  readonly onStart?: () => void
  /** Called when what lies behind the last row comes near; new rows are not followed then. */
  readonly onEnd?: (() => void) | undefined
  /** Through which it is told where to go. */
  readonly handle?: RefObject<ListHandle | null>
}

export interface ListHandle {
  readonly show: (index: number) => void
  readonly toEnd: () => void
  /** The first row that is to be seen. */
  readonly top: () => number
}

const NEAR_PX = 600

export function List<T>(props: ListProps<T>) {
  const { items, keyOf, row, label, estimate, anchor = 'start', first = -1, keep = -1, onStart, onEnd, handle } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const options = {
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimate,
    getItemKey: (index: number) => {
      const item = items[index]
      return item === undefined ? index : keyOf(item)
    },
    overscan: 8,
    rangeExtractor: (range: Range) => {
      const near = defaultRangeExtractor(range)
      if (keep < 0 || keep >= range.count || near.includes(keep)) return near
      return [...near, keep].toSorted((a, b) => a - b)
    },
    anchorTo: anchor,
    followOnAppend: anchor === 'end' && !onEnd,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => redraw(undefined as never),
  } as const
  const [virtual] = useState(() => new Virtualizer<HTMLDivElement, HTMLElement>(options))
  virtual.setOptions(options)
  // Rows above the window may change while one scrolls up, too: what is read stays where it is.
  virtual.shouldAdjustScrollPositionOnItemSizeChange = (at, _, list) => at.end <= (list.scrollOffset ?? 0)
  useLayoutEffect(() => virtual._didMount(), [virtual])
  useLayoutEffect(() => virtual._willUpdate())
  const started = useRef(false)
  useLayoutEffect(() => {
    if (started.current || !items.length) return
    started.current = true
    if (first >= 0) virtual.scrollToIndex(first, { align: anchor === 'end' ? 'center' : 'start' })
    else if (anchor === 'end') virtual.scrollToIndex(items.length - 1, { align: 'end' })
  }, [virtual, items.length, anchor])
  if (handle) {
    handle.current = {
      show: (index) => virtual.scrollToIndex(index, { align: 'auto' }),
      toEnd: () => virtual.scrollToIndex(items.length - 1, { align: 'end' }),
      top: () => virtual.getVirtualItems().find((at) => at.end > (virtual.scrollOffset ?? 0))?.index ?? 0,
    }
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of its rows, which have the focus
    <div
      class={`list ${anchor}`}
      ref={scroller}
      onKeyDown={props.onKeyDown}
      onScroll={() => {
        const { scrollTop = 0, clientHeight = 0, scrollHeight = 0 } = scroller.current ?? {}
        if (scrollTop < NEAR_PX) onStart?.()
        if (scrollHeight - scrollTop - clientHeight < NEAR_PX) onEnd?.()
      }}
    >
      <ol aria-label={label} style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map((at) => {
          const item = items[at.index]
          return item === undefined ? null : (
            <li
              key={at.key}
              ref={(element) => {
                if (element) virtual.measureElement(element)
              }}
              data-index={at.index}
              aria-setsize={items.length}
              aria-posinset={at.index + 1}
              style={{ transform: `translateY(${at.start}px)` }}
            >
              {row(item, at.index)}
            </li>
          )
        })}
      </ol>
    </div>
  )
}
