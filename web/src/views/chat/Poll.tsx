import { useSignal } from '@preact/signals'

import type { MessageView, PollView } from '../../api/types.gen.ts'
import { vote } from '../../state/chat.ts'
import { dayTime, t } from '../../text/t.ts'
import { Button } from '../../ui/basics.tsx'
import { attempt } from './attempt.ts'

/** A question of a network: to be answered, or how it stands. */
export function Poll(props: { readonly message: MessageView; readonly poll: PollView; readonly tab?: number }) {
  const { message, poll, tab = 0 } = props
  const chosen = useSignal<readonly string[]>([])
  const answered = poll.choices.some((choice) => choice.mine)
  const open = !poll.closed && !answered
  const most = Math.max(1, ...poll.choices.map((choice) => choice.votes ?? 0))
  const choose = (id: string, on: boolean): void => {
    const others = poll.multiple ? chosen.value.filter((one) => one !== id) : []
    chosen.value = on ? [...others, id] : others
  }
  return (
    <form
      class="poll"
      onSubmit={(event) => {
        event.preventDefault()
        attempt(() => vote(message.id, chosen.value))
      }}
    >
      <ul aria-label={t('poll')}>
        {poll.choices.map((choice) => (
          <li key={choice.id}>
            {open ? (
              <label class="toggle">
                <input
                  type={poll.multiple ? 'checkbox' : 'radio'}
                  name={`poll-${message.id}`}
                  tabIndex={tab}
                  checked={chosen.value.includes(choice.id)}
                  onChange={(event) => choose(choice.id, event.currentTarget.checked)}
                />
                <bdi>{choice.text}</bdi>
              </label>
            ) : (
              <p class={choice.mine ? 'mine-choice' : ''}>
                <bdi>{choice.text}</bdi>
                {choice.mine && ` (${t('poll.mine')})`}
              </p>
            )}
            {choice.votes !== null && (
              <p class="votes">
                <meter min={0} max={most} value={choice.votes} aria-hidden="true" />
                {t('poll.votes', { count: choice.votes })}
              </p>
            )}
          </li>
        ))}
      </ul>
      {open && (
        <Button type="submit" tabIndex={tab} disabled={!chosen.value.length}>
          {t('poll.vote')}
        </Button>
      )}
      <p class="help">
        {poll.closed ? t('poll.closed') : poll.closes_at ? t('poll.until', { at: dayTime(poll.closes_at) }) : ''}
      </p>
    </form>
  )
}
