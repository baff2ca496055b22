import type { FitView } from '../../api/types.gen.ts'
import { nameOf } from '../../state/networks.ts'
import { fits, write, writing } from '../../state/posts.ts'
import { maybe, t } from '../../text/t.ts'
import { Badge, Icon, plain } from '../../ui/basics.tsx'

/** The networks that have posts: whether it goes there, how long it is there, and what is lost. */
export function Fits({ empty }: { readonly empty: boolean }) {
  return (
    <fieldset class="fits">
      <legend>{t('compose.where')}</legend>
      {fits.value.map((fit) => (
        <Fit key={fit.account} fit={fit} empty={empty} />
      ))}
    </fieldset>
  )
}

function Fit({ fit, empty }: { readonly fit: FitView; readonly empty: boolean }) {
  const { without } = writing.value
  const on = !without.includes(fit.account)
  const toggle = (): void =>
    write({ without: on ? [...without, fit.account] : without.filter((account) => account !== fit.account) })
  const shows = on && !empty
  return (
    <div class={`fit ${shows && fit.refused ? 'refused' : ''}`}>
      <label>
        <input type="checkbox" checked={on} onChange={toggle} />
        <span>
          <span class="network" data-network={fit.network}>
            {nameOf(fit.network)}
          </span>{' '}
          <bdi>{plain(fit.display)}</bdi>
        </span>
        {on && <Counter fit={fit} empty={empty} />}
      </label>
      {on && fit.visibility && <p class="help">{maybe(`visibility.${fit.visibility}`) ?? fit.visibility}</p>}
      {shows && fit.refused && (
        <p class="problem">
          <Icon name="circle-alert" /> {fit.says || fit.refused}
        </p>
      )}
      {shows && fit.notes.length > 0 && (
        <ul class="notes">
          {fit.notes.map((one) => (
            <li key={one.code + one.about}>{one.says || one.code}</li>
          ))}
        </ul>
      )}
      {shows && fit.pieces.length > 0 && (
        <details>
          <summary>{t('compose.preview', { name: plain(fit.display) })}</summary>
          <ol class="pieces">
            {fit.pieces.map((piece, at) => (
              <li key={at}>
                {writing.value.title && <strong dir="auto">{writing.value.title}</strong>}
                <p dir="auto">{piece.text}</p>
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  )
}

/** How long it is there, in the unit of that network. */
function Counter({ fit, empty }: { readonly fit: FitView; readonly empty: boolean }) {
  const { limit, pieces } = fit
  if (pieces.length > 1) return <Badge kind="warn">{t('compose.pieces', { count: pieces.length })}</Badge>
  if (limit === null) return null
  const length = empty ? 0 : (pieces[0]?.length ?? 0)
  if (!empty && !pieces.length) return <Badge kind="bad">{t('compose.limit', { limit })}</Badge>
  return (
    <Badge>
      <span aria-hidden="true">
        {length}/{limit}
      </span>
      <span class="unseen">{t('compose.length', { length, limit })}</span>
    </Badge>
  )
}
