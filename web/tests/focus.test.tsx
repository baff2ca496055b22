// The rows take the focus, as those of a conversation do.
/* oxlint-disable jsx-a11y/no-noninteractive-tabindex */

import { render } from 'preact'
import { act } from 'preact/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'

import { notAmong, rowOf, taken } from '../src/state/rows.ts'
import { useKeptFocus } from '../src/ui/focus.ts'

function Rows({ names, undo = false }: { readonly names: readonly string[]; readonly undo?: boolean }) {
  useKeptFocus('.row', (lost) => {
    if (lost.isConnected) lost.focus()
    else document.querySelector<HTMLElement>('.row')?.focus()
  })
  return names.map((name) => (
    <p key={name} id={name} class="row" tabIndex={0}>
      {undo && <button type="button">undo</button>}
    </p>
  ))
}

const show = (names: readonly string[], undo = false): void =>
  void act(() => render(<Rows names={names} undo={undo} />, document.body))

const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus()

describe('the focus', () => {
  beforeEach(() => render(null, document.body))

  it('goes on to another row when its row is taken away', () => {
    show(['w1'])
    focus('#w1')
    show(['m1'])
    expect(document.activeElement?.id).toBe('m1')
  })

  it('goes from a button that is taken away to its row', () => {
    show(['m1', 'm2'], true)
    focus('#m2 button')
    show(['m1', 'm2'])
    expect(document.activeElement?.id).toBe('m2')
  })

  it('stays where it is, and is not taken from elsewhere', () => {
    show(['m1', 'm2'])
    focus('#m2')
    show(['m2'])
    expect(document.activeElement?.id).toBe('m2')
    focus('#m2')
    document.querySelector<HTMLElement>('#m2')?.blur()
    show(['m1'])
    expect(document.activeElement).toBe(document.body)
  })
})

describe('the row of what was said here', () => {
  it('stays the same at the node, and is there once', () => {
    const unsent = [{ key: 'first' }, { key: 'second' }]
    const messages = [{ id: '7' }, { id: '8' }]
    expect(notAmong(messages, unsent)).toEqual(unsent)
    taken('8', 'first')
    expect(messages.map(({ id }) => rowOf(id))).toEqual(['7', 'first'])
    expect(notAmong(messages, unsent)).toEqual([{ key: 'second' }])
  })
})
