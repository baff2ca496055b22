/** Go anywhere, do anything: what is typed finds screens, conversations, people and what can be done here. */

import { useSignal } from '@preact/signals'

import { commands, perform } from '../keys.ts'
import { chatPath, go } from '../router.ts'
import { inbox } from '../state/inbox.ts'
import { nameOf } from '../state/networks.ts'
import { t, titleOf } from '../text/t.ts'
import { plain } from '../ui/basics.tsx'
import { Dialog } from '../ui/Dialog.tsx'

const MOST = 12

interface Choice {
  readonly id: string
  readonly text: string
  /** Where it is, or its keys. */
  readonly beside: string
  readonly run: () => void
}

/** As it is compared: without case and accents. */
const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** Those that hold every word, the ones that begin with what was typed first. */
export function found<T extends { readonly text: string }>(choices: readonly T[], typed: string): readonly T[] {
  const words = folded(typed).split(/\s+/).filter(Boolean)
  const first = folded(typed.trim())
  const rank = ({ text }: T): number => (folded(text).startsWith(first) ? 0 : 1)
  return choices
    .filter(({ text }) => words.every((word) => folded(text).includes(word)))
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, MOST)
}

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const typed = useSignal('')
  const at = useSignal(0)
  const all: readonly Choice[] = [
    ...commands.value
      .filter(({ keys }) => keys !== 'Ctrl k' && keys !== 'Escape')
      .map(({ keys, says }) => ({ id: `do ${keys}`, text: says, beside: keys, run: () => perform(keys) })),
    ...inbox.value.map((chat) => ({
      id: chat.id,
      text: plain(titleOf(chat)),
      beside: chat.network ? nameOf(chat.network) : t('inbox.title'),
      run: () => go(chatPath(chat.id)),
    })),
  ]
  const shown = found(all, typed.value)
  const chosen = shown[Math.min(at.value, shown.length - 1)]
  const run = (choice: Choice | undefined): void => {
    if (!choice) return
    onClose()
    window.setTimeout(choice.run) // when the focus is back where it was
  }
  const move = (by: number): void => {
    at.value = (Math.min(at.value, shown.length - 1) + by + shown.length) % Math.max(shown.length, 1)
  }
  return (
    <Dialog title={t('palette')} onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-label={t('palette.find')}
        aria-expanded="true"
        aria-controls="palette"
        aria-activedescendant={chosen && `palette ${chosen.id}`.replaceAll(' ', '-')}
        aria-autocomplete="list"
        autocomplete="off"
        autofocus
        placeholder={t('palette.find')}
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value
          at.value = 0
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') move(1)
          else if (event.key === 'ArrowUp') move(-1)
          else if (event.key === 'Enter') run(chosen)
          else return
          event.preventDefault()
        }}
      />
      <div id="palette" role="listbox" aria-label={t('palette')}>
        {shown.map((choice) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field above has the keys
          <div
            key={choice.id}
            id={`palette ${choice.id}`.replaceAll(' ', '-')}
            role="option"
            aria-selected={choice === chosen}
            tabIndex={-1}
            onClick={() => run(choice)}
          >
            <bdi>{choice.text}</bdi> <span class="muted">{choice.beside}</span>
          </div>
        ))}
      </div>
      {!shown.length && <p role="status">{t('palette.nothing')}</p>}
    </Dialog>
  )
}
