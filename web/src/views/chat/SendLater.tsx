import { useSignal } from '@preact/signals'

import { dayTime, t } from '../../text/t.ts'
import { Button } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'

/** Asks when something is to leave. The times are those of this browser's clock and place. */
export function SendLater(props: { readonly onTime: (unixSeconds: number) => void; readonly onClose: () => void }) {
  const { onTime, onClose } = props
  const now = today()
  const chosen = useSignal(local(hoursFrom(now, 1)))
  const at = Date.parse(chosen.value) / 1_000
  const fits = at > now.getTime() / 1_000 && at < now.getTime() / 1_000 + YEAR_S
  return (
    <Dialog title={t('later.title')} onClose={onClose}>
      <p>{t('later.text')}</p>
      <ul class="choices">
        {[hoursFrom(now, 1), morning(now, 1), morning(now, daysToMonday(now))].map((when) => (
          <li key={when.getTime()}>
            <Button onClick={() => onTime(Math.round(when.getTime() / 1_000))}>{dayTime(when.getTime() / 1_000)}</Button>
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (fits) onTime(at)
        }}
      >
        <div class="field">
          <label for="later-at">{t('later.at')}</label>
          <input
            id="later-at"
            type="datetime-local"
            value={chosen.value}
            onInput={(event) => (chosen.value = event.currentTarget.value)}
          />
        </div>
        <div class="actions">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button kind="main" type="submit" disabled={!fits}>
            {t('later.do')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

const today = (): Date => new Date()
const YEAR_S = 366 * 86_400

/** A full minute, so many hours from now. */
function hoursFrom(now: Date, hours: number): Date {
  const at = new Date(now.getTime() + hours * 3_600_000)
  at.setSeconds(0, 0)
  return at
}

/** Nine in the morning, so many days from today. */
function morning(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 9)
}

/** The Monday that is not tomorrow, which has a button of its own. */
function daysToMonday(now: Date): number {
  const days = (8 - now.getDay()) % 7 || 7
  return days === 1 ? 8 : days
}

/** As fields for times have it: without a time zone. */
function local(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
