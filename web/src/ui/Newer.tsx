import { t } from '../text/t.ts'
import { newer, takeNewer } from '../worker.ts'
import { Button } from './basics.tsx'

/** A newer page waits until somebody wants it. */
export function Newer() {
  return (
    <div role="status">
      {newer.value && (
        <div class="toast newer">
          <span>{t('newer')}</span>
          <Button kind="quiet" onClick={takeNewer}>
            {t('newer.load')}
          </Button>
        </div>
      )}
    </div>
  )
}
