import { view } from '../router.ts'
import { pressing } from '../state/networks.ts'
import { t } from '../text/t.ts'
import { Link, plain } from './basics.tsx'

/** What an account of the person wants now: somebody waits for it. */
export function Pressing() {
  const one = view.value.name === 'settle' ? undefined : pressing.value[0]
  return (
    <div role="status">
      {one && (
        <div class="toast newer">
          <span>{plain(one.title)}</span>
          <Link to={one.to} class="button quiet">
            {t('settle.look')}
          </Link>
        </div>
      )}
    </div>
  )
}
