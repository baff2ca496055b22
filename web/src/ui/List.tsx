/**
 * A list of any length, of which only what is near the screen is drawn. The row that is read stays where it is when
 * others come before it; at the end it follows what is new.
 */

import { elementScroll, observeElementOffset, observeElementRect, type Range, Virtualizer } from '@tanstack/virtual-core'
import type { ComponentChildren, RefObject } from 'preact'
import { useCallback, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks'

interface ListProps<T> {
  readonly items: readonly T[]
  /** The same for the same item, whenever it is asked. */
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
/** Rows that are drawn before and behind those in the window: more of them where one scrolls to. */
const AROUND = { none: [4, 4], backward: [6, 2], forward: [2, 6] } as const
type Key = ReturnType<Virtualizer<HTMLElement, HTMLElement>['options']['getItemKey']>

interface RowProps<T> {
  readonly item: T
  readonly index: number
  readonly row: ListProps<T>['row']
}

interface Drawn<T> extends RowProps<T> {
  readonly content: ComponentChildren
}

function Row<T>({ item, index, row }: RowProps<T>) {
  return <>{row(item, index)}</>
}

export function List<T>(props: ListProps<T>) {
  const { items, keyOf, row, label, estimate, anchor = 'start', first = -1, keep = -1, onStart, onEnd, handle } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  // The virtualizer lays out all rows anew when it is given another function.
  const getItemKey = useCallback(
    (index: number) => {
      const item = items[index]
      return item === undefined ? index : keyOf(item)
    },
    [items],
  )
  const direction = useRef<'backward' | 'forward' | null>(null)
  const options = {
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimate,
    getItemKey,
    overscan: 0, // rangeExtractor has its own
    rangeExtractor: (range: Range) => {
      const [before, after] = AROUND[direction.current ?? 'none']
      const [from, to] = [Math.max(range.startIndex - before, 0), Math.min(range.endIndex + after, range.count - 1)]
      const near = Array.from({ length: to - from + 1 }, (_, at) => from + at)
      if (keep < 0 || keep >= range.count || near.includes(keep)) return near
      return [...near, keep].toSorted((a, b) => a - b)
    },
    anchorTo: anchor,
    followOnAppend: anchor === 'end' && !onEnd,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: ({ scrollDirection }: Virtualizer<HTMLDivElement, HTMLElement>) => {
      direction.current = scrollDirection
      redraw(undefined as never)
    },
  } as const
  const [virtual] = useState(() => new Virtualizer<HTMLDivElement, HTMLElement>(options))
  virtual.setOptions(options)
  // Rows above the window may change while one scrolls up, too: what is read stays where it is.
  virtual.shouldAdjustScrollPositionOnItemSizeChange = (at, _, list) => at.end <= (list.scrollOffset ?? 0)
  useLayoutEffect(() => virtual._didMount(), [virtual])
  useLayoutEffect(() => virtual._willUpdate())
  // A row that comes while the list scrolls is measured before it is seen, too: none stands in the place of another.
  const unmeasured = useRef<HTMLElement[]>([])
  const measure = useCallback((element: HTMLElement | null) => {
    virtual.measureElement(element)
    if (element && virtual.isScrolling) unmeasured.current.push(element)
  }, [])
  useLayoutEffect(() => {
    const heights = unmeasured.current.splice(0).map((element) => [virtual.indexFromElement(element), element.offsetHeight] as const)
    for (const [index, height] of heights) virtual.resizeItem(index, height)
  })
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
  // What has not changed is not drawn again while the list scrolls.
  const before = useRef<ReadonlyMap<Key, Drawn<T>>>(new Map())
  const drawn = new Map<Key, Drawn<T>>()
  const again = (key: Key, item: T, index: number): ComponentChildren => {
    const old = before.current.get(key)
    const same = old?.item === item && old.index === index && old.row === row
    const now = same ? old : { item, index, row, content: <Row item={item} index={index} row={row} /> }
    drawn.set(key, now)
    return now.content
  }
  useLayoutEffect(() => void (before.current = drawn))
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
              ref={measure}
              data-index={at.index}
              aria-setsize={items.length}
              aria-posinset={at.index + 1}
              style={{ transform: `translateY(${at.start}px)` }}
            >
              {again(at.key, item, at.index)}
            </li>
          )
        })}
      </ol>
    </div>
  )
}
