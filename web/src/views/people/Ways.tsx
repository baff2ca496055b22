import type { PersonView, WayView } from '../../api/types.gen.ts'
import { change } from '../../state/book.ts'
import { short, t } from '../../text/t.ts'
import { Icon } from '../../ui/basics.tsx'
import { attempt } from '../chat/attempt.ts'
import { Carries } from './Private.tsx'
import { closedFor, networkName, readersOf } from './reasons.ts'

/** The ways to reach somebody, and on which of their accounts the owner wants to write to them. */
export function Ways({ of }: { readonly of: PersonView }) {
  const first = of.ways.find((way) => way.usable)
  const best = first ? networkName(first.network) : ''
  const prefer = (link: string): void => attempt(() => change(of.id, { preferred: link }))
  return (
    <fieldset class="ways">
      <legend>{t('person.ways')}</legend>
      {!of.ways.length && <p class="muted">{t('person.no-way')}</p>}
      {of.ways.length > 0 && (
        <label>
          <input type="radio" name="way" checked={!of.preferred} onChange={() => prefer('')} />
          <span>
            {t('way.rule')}
            <small>{best && !of.preferred ? t('way.rule.now', { network: best }) : t('way.rule.text')}</small>
          </span>
        </label>
      )}
      {of.ways.map((way) => (
        <div key={way.chat}>
          <Way way={way} onPrefer={() => prefer(way.link)} />
          <Carries of={of} way={way} />
        </div>
      ))}
    </fieldset>
  )
}

function Way({ way, onPrefer }: { readonly way: WayView; readonly onPrefer: () => void }) {
  const closed = closedFor(way)
  return (
    <label>
      <input type="radio" name="way" checked={way.preferred} onChange={onPrefer} />
      <span>
        <span class="network" data-network={way.network}>
          {networkName(way.network)}
        </span>
        <small>
          <Icon name={way.privacy === 'public' ? 'globe' : way.privacy === 'e2e' ? 'lock' : 'server'} /> {readersOf(way)}
          {way.last_at > 0 && ` · ${t('way.last', { at: short(way.last_at) })}`}
        </small>
        {closed && <small class="warn">{closed}</small>}
      </span>
    </label>
  )
}
