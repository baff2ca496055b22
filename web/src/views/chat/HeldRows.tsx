import { signal } from '@preact/signals'
import { useEffect, useLayoutEffect } from 'preact/hooks'

import type { OutboxView } from '../../api/types.gen.ts'
import { useCommand } from '../../keys.ts'
import { leaveNow, secondsLeft } from '../../state/later.ts'
import { dayTime, t } from '../../text/t.ts'
import { Button, Icon } from '../../ui/basics.tsx'
import { useKeptFocus } from '../../ui/focus.ts'
import { attempt } from './attempt.ts'

/** Milliseconds of this browser's clock, while something counts down. */
const now = signal(0)

/**
 * What is held: with the seconds in which it can be taken back, or with its time. `onGone` says who has the focus
 * when one that had it has left.
 */
export function HeldRows(props: {
  readonly title: string
  readonly rows: readonly OutboxView[]
  /** What they say stands beside them already. */
  readonly bare?: boolean
  readonly onBack: (row: OutboxView) => void
  readonly onGone: () => void
}) {
  const { title, rows, bare = false, onBack, onGone } = props
  const counting = rows.some((row) => secondsLeft(row, now.value) !== null)
  useLayoutEffect(() => void (now.value = Date.now()), [rows.length])
  useEffect(() => {
    if (!counting) return undefined
    const ticks = window.setInterval(() => (now.value = Date.now()), 250)
    return () => window.clearInterval(ticks)
  }, [counting])
  useKeptFocus('.held', onGone)
  const last = rows.findLast((row) => secondsLeft(row, now.value) !== null)
  useCommand('z', t('undo'), () => last && onBack(last))
  if (!rows.length) return null
  return (
    <ul class="held" aria-label={title}>
      {rows.map((row) => (
        <Row key={row.message} row={row} bare={bare} seconds={secondsLeft(row, now.value)} onBack={() => onBack(row)} />
      ))}
    </ul>
  )
}

function Row(props: {
  readonly row: OutboxView
  readonly bare: boolean
  readonly seconds: number | null
  readonly onBack: () => void
}) {
  const { row, bare, seconds, onBack } = props
  return (
    <li>
      <Icon name={row.reason ? 'circle-alert' : 'clock'} />
      <p>
        {!bare && <bdi>{row.text || t('held.file')}</bdi>}
        <small>{seconds === null ? stands(row) : seconds ? t('held.in', { seconds }) : t('held.leaving')}</small>
      </p>
      {seconds === null && (
        <Button kind="quiet" icon="send" label={t('held.now')} onClick={() => attempt(() => leaveNow(row.message))} />
      )}
      <Button kind={seconds === null ? 'quiet' : 'plain'} icon="undo-2" onClick={onBack}>
        {seconds === null ? t('unsent.back') : t('undo')}
      </Button>
    </li>
  )
}

const stands = (row: OutboxView): string =>
  row.reason ? t('unsent.refused', { why: row.says }) : t('held.at', { at: dayTime(row.send_at) })
