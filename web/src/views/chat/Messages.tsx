import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'

import type { MessageView } from '../../api/types.gen.ts'
import { useCommand } from '../../keys.ts'
import { chatPath, go } from '../../router.ts'
import { loadNewer, loadOlder, open } from '../../state/chat.ts'
import { chatOf } from '../../state/inbox.ts'
import { nameOf } from '../../state/networks.ts'
import { outbox, type Unsent } from '../../state/outbox.ts'
import { isPerson } from '../../state/places.ts'
import { notAmong, rowOf } from '../../state/rows.ts'
import { day, t, wordsOf } from '../../text/t.ts'
import { announce } from '../../ui/Announcer.tsx'
import { Button, Empty, plain } from '../../ui/basics.tsx'
import { useKeptFocus } from '../../ui/focus.ts'
import { List, type ListHandle } from '../../ui/List.tsx'
import { doing, startEdit, startReply } from './doing.ts'
import { Message } from './Message.tsx'
import { Waits } from './Waits.tsx'

type Item = { readonly message: MessageView; readonly day: string; readonly first: boolean } | { readonly unsent: Unsent }

const keyOf = (item: Item): string => ('unsent' in item ? item.unsent.key : rowOf(item.message.id))

/** How far keys go from a message. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity,
}

/** All that was said, and below it what is not at the node yet. `at` is the message at which it was opened. */
export function Messages({ chat, at = '' }: { readonly chat: string; readonly at?: string }) {
  const { messages, newFrom, older, newer, series } = open.value
  const waiting = notAmong(messages, outbox.value.filter((unsent) => unsent.chat === chat))
  const first = messages.findIndex((message) => message.id === at)
  const active = useSignal(rowOf(at))
  const handle = useRef<ListHandle>(null)
  const items = useMemo(() => [...days(messages, older !== ''), ...waiting.map((unsent) => ({ unsent }))], [messages, outbox.value])
  useAnnounced(messages)

  // One stop for Tab: the message that was chosen, else the last one.
  const place = items.findIndex((item) => keyOf(item) === rowOf(active.value))
  const stop = place < 0 ? items.length - 1 : place
  const wanted = useRef(false)
  const focusStop = (): void => {
    const row = wanted.current && document.querySelector<HTMLElement>('.list.end [data-at][tabindex="0"]')
    if (!row) return
    wanted.current = false
    row.focus()
  }
  const goTo = (where: number): void => {
    const to = Math.min(Math.max(where, 0), items.length - 1)
    const item = items[to]
    if (!item) return
    const drawn = stop === to && rowOf(active.peek()) === keyOf(item)
    active.value = keyOf(item)
    handle.current?.show(to)
    wanted.current = true
    if (drawn) focusStop()
    requestAnimationFrame(focusStop)
  }
  // The focus is there before the next key is.
  useLayoutEffect(focusStop)
  useKeptFocus('.list.end [data-at]', (row) => {
    if (row.isConnected) row.focus()
    else goTo(place < 0 ? Number(row.dataset['at']) : place)
  })
  const move = (by: number): void => goTo((place < 0 ? items.length : place) + by)
  const chosen = (): MessageView | undefined => {
    const item = items[place]
    return item && 'message' in item ? item.message : undefined
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = event.target instanceof HTMLElement && event.target.dataset['at'] !== undefined ? event.target : null
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return
    const to = STEPS[event.key]
    if (to !== undefined) goTo(to === Infinity ? items.length : stop + to)
    else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) row.querySelector('button')?.focus()
    else return
    event.preventDefault()
  }
  useEffect(() => {
    if (first >= 0) goTo(first)
  }, [])
  useCommand('j', t('key.next-message'), () => move(1))
  useCommand('k', t('key.previous-message'), () => move(-1))
  useCommand('r', t('reply'), () => {
    const message = chosen() ?? messages.at(-1)
    if (message) startReply(message)
  })
  useCommand('e', t('edit'), () => {
    const message = [chosen(), messages.findLast((said) => said.mine)].find((said) => said?.mine)
    if (message) startEdit(message)
  })

  if (!items.length) {
    return (
      <div class="list">
        <Empty icon="send" title={t('chat.empty')}>
          <p>{t('chat.empty.text')}</p>
        </Empty>
      </div>
    )
  }
  const talk = isPerson(chat)
  const list = (
    <List
      key={series}
      items={items}
      keyOf={keyOf}
      label={t('chat.messages')}
      estimate={72}
      anchor="end"
      handle={handle}
      first={series ? -1 : first}
      keep={stop}
      onKeyDown={onKeyDown}
      onStart={() => void loadOlder()}
      onEnd={newer ? () => void loadNewer() : undefined}
      row={(item, row) =>
        'unsent' in item ? (
          <Waits unsent={item.unsent} at={row} stop={stop === row} onActive={() => (active.value = item.unsent.key)} />
        ) : (
          <>
            {item.day && <h2 class="day">{item.day}</h2>}
            {item.message.id === newFrom && <p class="new-from">{t('chat.new-from')}</p>}
            <Message
              message={item.message}
              at={row}
              joined={!item.first && !item.day}
              named={!talk && chatOf(chat)?.kind !== 'direct'}
              where={talk ? (item.message.network && nameOf(item.message.network)) || t('person.node') : ''}
              active={place === row}
              stop={stop === row}
              answered={messages.find((message) => message.id === (item.message.reply_to || item.message.thread))}
              onActive={() => (active.value = keyOf(item))}
            />
          </>
        )
      }
    />
  )
  return (
    <>
      {list}
      {newer && (
        <p class="to-present">
          <Button icon="arrow-down" onClick={() => go(chatPath(chat))}>
            {t('chat.to-present')}
          </Button>
        </p>
      )}
    </>
  )
}

const JOINED_S = 300

const joins = (before: MessageView, message: MessageView): boolean =>
  before.author === message.author && before.chat === message.chat && message.wall_s - before.wall_s <= JOINED_S

/**
 * Messages with the day where a new one begins; those of one author in a few minutes stand together. The first one has
 * no day while older ones are to come: it would lose it when they do, and what one reads would move.
 */
function days(messages: readonly MessageView[], more: boolean): Item[] {
  let shown = more && messages[0] ? day(messages[0].wall_s) : ''
  let before: MessageView | undefined
  return messages.map((message) => {
    const now = day(message.wall_s)
    const item = { message, day: now === shown ? '' : now, first: !before || !joins(before, message) }
    shown = now
    before = message
    return item
  })
}

/** What others say in the open conversation is read out; what was there when it was opened is not. */
function useAnnounced(messages: readonly MessageView[]): void {
  const last = useRef<string | undefined>(undefined)
  useEffect(() => {
    const newest = messages.at(-1)
    if (!newest || newest.id === last.current) return
    const first = last.current === undefined
    last.current = newest.id
    if (!first && !newest.mine && newest.kind === 'text') announce(`${plain(newest.author_name)}: ${wordsOf(newest)}`)
  }, [messages])
  useEffect(() => () => void (doing.value = null), [])
}
