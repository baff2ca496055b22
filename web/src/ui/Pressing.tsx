import { signal } from '@preact/signals'

import { view } from '../router.ts'
import { pressing } from '../state/networks.ts'
import { t } from '../text/t.ts'
import { Button, Link, plain } from './basics.tsx'

/** What was put aside in this window. The dot at the networks, and the list there, keep it. */
const aside = signal<ReadonlySet<string>>(new Set())

/** What an account of the person wants now: somebody waits for it. */
export function Pressing() {
  const one =
    view.value.name === 'settle' ? undefined : pressing.value.find(({ to }) => !aside.value.has(to))
  return (
    <div role="status">
      {one && (
        <div class="toast newer">
          <span>{plain(one.title)}</span>
          <Link to={one.to} class="button quiet">
            {t('settle.look')}
          </Link>
          <Button
            kind="quiet"
            icon="x"
            label={t('close')}
            onClick={() => (aside.value = new Set([...aside.value, one.to]))}
          />
        </div>
      )}
    </div>
  )
}
