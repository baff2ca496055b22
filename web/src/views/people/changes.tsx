/** What was done to people, each with the way back. */

import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'

import { type ApiError, asError } from '../../api/errors.ts'
import { inTurn, rounds } from '../../api/rounds.ts'
import type { ChangeView } from '../../api/types.gen.ts'
import { changesOf, known, person, suggestions, undo } from '../../state/book.ts'
import { dayTime, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Badge, Button, ErrorNote, plain } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { causeOf, networkName } from './reasons.ts'

/** Say what was done, with a button that makes it undone. */
export function noteChange(text: string, change: ChangeView): void {
  note(text, false, async () => {
    await undo(change.id)
    note(t('change.undone'))
  })
}

const nameOf = (id: string): string => plain(known(id)?.name ?? t('person.gone'))

/** From whom an account came and whose it is; who is there no longer is not named. */
function saysOf({ network, before, after }: ChangeView['moved'][number]): string {
  const facts = { network: networkName(network), before: nameOf(before), after: nameOf(after) }
  return t(known(before) ? 'change.move' : 'change.came', facts)
}

/** How somebody came together, the last change first; without an id, of all. For another one it is another. */
export function Changes({ of }: { readonly of: string }) {
  const items = useSignal<readonly ChangeView[]>([])
  const next = useSignal('')
  const loaded = useSignal(false)
  const trouble = useSignal<ApiError | null>(null)
  const { busy, problem, run } = useDoing()
  const load = async (before: string): Promise<void> => {
    try {
      const page = await changesOf(of, before)
      items.value = before ? [...items.value, ...page.items] : page.items
      next.value = page.items.length ? page.next : ''
      loaded.value = true
      trouble.value = null
    } catch (error) {
      trouble.value = asError(error)
    }
  }
  const look = useMemo(() => rounds(inTurn({ first: () => load(''), more: () => load(next.value) }, () => {})), [])
  useEffect(() => {
    void look.now('first')
  }, [person.value, suggestions.value])
  const takeBack = (change: ChangeView): Promise<void> =>
    run(async () => {
      await undo(change.id)
      note(t('change.undone'))
    })
  return (
    <>
      {trouble.value && <ErrorNote problem={trouble.value} onRetry={() => void look.now('first')} />}
      {problem.value && <ErrorNote problem={problem.value} />}
      {loaded.value && !items.value.length && <p class="muted">{t('change.none')}</p>}
      <ul class="cards">
        {items.value.map((change) => (
          <li key={change.id}>
            <p>
              <strong>{change.kind === 'split' ? t('change.split') : t('change.merge')}</strong>{' '}
              <span class="muted">
                {dayTime(change.at)} · {causeOf(change.cause)}
              </span>{' '}
              {change.undone && <Badge>{t('change.is-undone')}</Badge>}
            </p>
            <ul class="moves">
              {change.moved.map((move) => (
                <li key={move.link}>
                  {saysOf(move)}{' '}
                  <bdi class="muted">{move.address}</bdi>
                </li>
              ))}
            </ul>
            {!change.undone && (
              <div class="actions">
                <Button icon="undo-2" disabled={busy.value} onClick={() => void takeBack(change)}>
                  {t('undo')}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {next.value && (
        <Button onClick={() => void look.now('more')}>
          {t('more')}
        </Button>
      )}
    </>
  )
}
