import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { SuggestionView } from '../../api/types.gen.ts'
import { acceptSuggestion, bookTrouble, loadSuggestions, refuseSuggestion, suggestions } from '../../state/book.ts'
import { t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, Empty, ErrorNote, plain } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { Changes, noteChange } from './changes.tsx'
import { Brief } from './Joining.tsx'
import { causeOf } from './reasons.ts'

/** Who may be one person, and what speaks for it; below it all that was joined and parted. */
export function Suggestions() {
  useEffect(() => {
    void loadSuggestions()
  }, [])
  return (
    <Page title={t('suggestions.title')} back="/people">
      {bookTrouble.value && <ErrorNote problem={bookTrouble.value} onRetry={() => void loadSuggestions()} />}
      {suggestions.value.length ? (
        <>
          <p class="help">{t('suggestions.text')}</p>
          <ul class="cards">
            {suggestions.value.map((suggestion) => (
              <Suggestion key={suggestion.id} suggestion={suggestion} />
            ))}
          </ul>
        </>
      ) : (
        !bookTrouble.value && (
          <Empty icon="check-check" title={t('suggestions.none')}>
            <p>{t('suggestions.none.text')}</p>
          </Empty>
        )
      )}
      <section aria-labelledby="all-changes">
        <h2 id="all-changes">{t('person.changes.all')}</h2>
        <Changes of="" />
      </section>
    </Page>
  )
}

function Suggestion({ suggestion }: { readonly suggestion: SuggestionView }) {
  const { one, other } = suggestion
  const gone = useSignal(false)
  const { busy, problem, run } = useDoing()
  const accept = (): Promise<void> =>
    run(async () => {
      const change = await acceptSuggestion(suggestion.id)
      noteChange(t('merge.done', { name: plain(one.name), other: plain(other.name) }), change)
    })
  const refuse = (): Promise<void> =>
    run(async () => {
      await refuseSuggestion(suggestion.id)
      gone.value = true
      note(t('suggestions.refused'))
    })
  if (gone.value) return null
  return (
    <li>
      <div class="pair">
        <Brief of={one} />
        <Brief of={other} />
      </div>
      <p>{t('suggestions.why', { why: causeOf(suggestion.cause) })}</p>
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        <Button disabled={busy.value} onClick={() => void refuse()}>
          {t('suggestions.refuse')}
        </Button>
        <Button kind="main" icon="merge" disabled={busy.value} onClick={() => void accept()}>
          {t('suggestions.accept')}
        </Button>
      </div>
    </li>
  )
}
