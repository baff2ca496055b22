/** A list as a conversation has it, of as many rows as the address says; tests/bench/web.py measures it. */

import '../src/style/tokens.css'
import '../src/style/base.css'
import '../src/style/ui.css'
import '../src/style/shell.css'

import { signal } from '@preact/signals'
import { render } from 'preact'

import { List, type ListHandle } from '../src/ui/List.tsx'

interface Row {
  readonly id: string
  readonly text: string
}

const WORDS = 'the garden wants water and somebody has to bring the long hose before it gets too hot at noon'.split(' ')
const row = (number: number): Row => {
  const length = 3 + ((number * 7919) % 60)
  return { id: String(number), text: Array.from({ length }, (_, at) => WORDS[(number + at) % WORDS.length]).join(' ') }
}

const count = Number(new URLSearchParams(location.search).get('rows') ?? 1000)
const rows = signal(Array.from({ length: count }, (_, number) => row(number)))
const handle: { current: ListHandle | null } = { current: null }

function Bench() {
  return (
    <div class="chat" style={{ height: '100dvh' }}>
      <List
        items={rows.value}
        keyOf={(item) => item.id}
        label="Rows"
        estimate={72}
        anchor="end"
        handle={handle}
        row={(item) => (
          <article class="message">
            <div class="bubble">
              <p>{item.text}</p>
            </div>
          </article>
        )}
      />
    </div>
  )
}

Object.assign(globalThis, {
  show: (index: number) => handle.current?.show(index),
  before: (more: number) => {
    rows.value = [...Array.from({ length: more }, (_, at) => row(-1 - at)).toReversed(), ...rows.value]
  },
})
const root = document.querySelector('#app')
if (root) render(<Bench />, root)
