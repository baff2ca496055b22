/** To say that two people are one, or that some accounts are somebody else's; each shows first what would be. */

import { useComputed, useSignal } from '@preact/signals'

import type { PersonView } from '../../api/types.gen.ts'
import { everybody, matching, merge, split } from '../../state/book.ts'
import { t } from '../../text/t.ts'
import { Avatar, Button, ErrorNote, plain } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { noteChange } from './changes.tsx'
import { addressOf, networkName } from './reasons.ts'

const SHOWN = 20

/** Somebody and their accounts, in short. */
export function Brief({ of }: { readonly of: PersonView }) {
  return (
    <span class="brief">
      <Avatar name={of.name} network={of.links[0]?.network ?? ''} />
      <span>
        <bdi class="row-name">{plain(of.name)}</bdi>
        {of.links.map((account) => (
          <small key={account.id}>
            <span class="network" data-network={account.network}>
              {networkName(account.network)}
            </span>{' '}
            <bdi>{plain(addressOf(account))}</bdi>
          </small>
        ))}
      </span>
    </span>
  )
}

export function Merge({ of, onClose }: { readonly of: PersonView; readonly onClose: () => void }) {
  const text = useSignal('')
  const other = useSignal<PersonView | null>(null)
  const { busy, problem, run } = useDoing()
  const name = plain(of.name)
  const fitting = useComputed(() => matching(everybody.value, text.value).filter((person) => person.id !== of.id))
  const join = (chosen: PersonView): Promise<void> =>
    run(async () => {
      const change = await merge(of.id, chosen.id)
      onClose()
      noteChange(t('merge.done', { name, other: plain(chosen.name) }), change)
    })
  const chosen = other.value
  return (
    <Dialog title={t('merge.title', { name })} onClose={onClose}>
      {chosen ? (
        <>
          <p>{t('merge.then', { name })}</p>
          <Brief of={{ ...of, links: [...of.links, ...chosen.links] }} />
          <p class="help">{t('merge.text')}</p>
          {problem.value && <ErrorNote problem={problem.value} />}
          <div class="actions">
            <Button onClick={() => (other.value = null)}>{t('back')}</Button>
            <Button kind="main" icon="merge" disabled={busy.value} onClick={() => void join(chosen)}>
              {t('merge.do')}
            </Button>
          </div>
        </>
      ) : (
        <>
          <input
            type="search"
            aria-label={t('people.find')}
            placeholder={t('people.find')}
            autocomplete="off"
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
          {!fitting.value.length && <p class="muted">{t('merge.nobody')}</p>}
          <ul class="picks">
            {fitting.value.slice(0, SHOWN).map((person) => (
              <li key={person.id}>
                <button type="button" onClick={() => (other.value = person)}>
                  <Brief of={person} />
                </button>
              </li>
            ))}
          </ul>
          {fitting.value.length > SHOWN && (
            <p class="help">{t('merge.more', { count: fitting.value.length - SHOWN })}</p>
          )}
        </>
      )}
    </Dialog>
  )
}

export function Split({ of, onClose }: { readonly of: PersonView; readonly onClose: () => void }) {
  const chosen = useSignal<ReadonlySet<string>>(new Set())
  const { busy, problem, run } = useDoing()
  const name = plain(of.name)
  const left = of.links.filter((account) => !chosen.value.has(account.id))
  const toggle = (id: string): void => {
    const now = new Set(chosen.value)
    if (!now.delete(id)) now.add(id)
    chosen.value = now
  }
  const part = (): Promise<void> =>
    run(async () => {
      const change = await split(of.id, [...chosen.value])
      onClose()
      noteChange(t('split.done', { name }), change)
    })
  return (
    <Dialog title={t('split.title', { name })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void part()
        }}
      >
        <fieldset class="ways">
          <legend>{t('split.which')}</legend>
          {of.links.map((account) => (
            <label key={account.id}>
              <input type="checkbox" checked={chosen.value.has(account.id)} onChange={() => toggle(account.id)} />
              <span>
                {networkName(account.network)}
                <small>
                  <bdi>{plain(addressOf(account))}</bdi>
                </small>
              </span>
            </label>
          ))}
        </fieldset>
        <p role="status" class={left.length ? 'help' : 'problem'}>
          {left.length ? t('split.text', { name }) : t('split.none-left')}
        </p>
        {problem.value && <ErrorNote problem={problem.value} />}
        <div class="actions">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" kind="main" icon="split" disabled={busy.value || !chosen.value.size || !left.length}>
            {t('split.do')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
