import type { DeletionView, PlaceOfDeletion } from '../../api/types.gen.ts'
import { saveReceipts } from '../../state/deletions.ts'
import { dayTime, t } from '../../text/t.ts'
import { Button, Icon } from '../../ui/basics.tsx'
import type { IconName } from '../../ui/icons.ts'
import { attempt } from '../chat/attempt.ts'

const ICONS: Readonly<Record<string, IconName>> = {
  shredded: 'check', confirmed: 'shield-check', 'never-had': 'check', asked: 'clock', follows: 'clock',
}

/** What became of a deletion at each place, as far as it can be known; it changes while one looks. */
export function Places({ deletion }: { readonly deletion: DeletionView }) {
  return (
    <>
      <ul class="rows places" aria-live="polite" aria-label={t('delete.places')}>
        {deletion.places.map((place) => (
          <li key={`${place.where} ${place.node} ${place.name} ${place.state}`}>
            <Place place={place} />
          </li>
        ))}
      </ul>
      <p class="help">{t(deletion.receipts ? 'delete.statement' : 'delete.copies')}</p>
      {!!deletion.receipts && (
        <Button icon="download" onClick={() => attempt(() => saveReceipts(deletion.id))}>
          {t('delete.save')}
        </Button>
      )}
    </>
  )
}

function Place({ place }: { readonly place: PlaceOfDeletion }) {
  const { state, says, at } = place
  return (
    <p class="row">
      <Icon name={ICONS[state] ?? 'circle-alert'} />
      <span class="grow">
        <bdi>{says}</bdi> {at > 0 && <small>{dayTime(at)}</small>}
      </span>
    </p>
  )
}
