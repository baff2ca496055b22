import { useSignal } from '@preact/signals'

import type { ImportedView, Importing, ImportView } from '../../api/types.gen.ts'
import { importBook } from '../../state/book.ts'
import { base64 } from '../../state/files.ts'
import { accounts } from '../../state/networks.ts'
import { maybe, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Badge, Button, ErrorNote, Link, plain } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'

const MAX_BYTES = 8 * 1024 * 1024
/** Entries that are listed; of more it is said how many there are. */
const SHOWN = 200

/** An address book from a file or a network. What would happen is shown before anything does. */
export function Import() {
  const asked = useSignal<Importing | null>(null)
  const name = useSignal('')
  const plan = useSignal<ImportView | null>(null)
  const large = useSignal(false)
  const { busy, problem, run } = useDoing()

  const tryOut = (called: string, what: () => Promise<Importing>): Promise<void> =>
    run(async () => {
      plan.value = null
      name.value = called
      asked.value = await what()
      plan.value = await importBook({ ...asked.value, dry_run: true })
    })
  const choose = (file: File | undefined): void => {
    large.value = !!file && file.size > MAX_BYTES
    if (file && !large.value) void tryOut(file.name, async () => ({ cards: await base64(file) }))
  }
  const take = (): Promise<void> =>
    run(async () => {
      if (!asked.value) return
      plan.value = await importBook(asked.value)
      note(t('import.done'))
    })
  return (
    <Page title={t('import.title')} back="/people">
      <p>{t('import.text')}</p>
      <div class="field">
        <label for="cards">{t('import.file')}</label>
        <p class="help" id="cards-help">
          {t('import.file.help')}
        </p>
        <input
          id="cards"
          type="file"
          accept=".vcf,text/vcard"
          aria-describedby="cards-help"
          onChange={(event) => choose(event.currentTarget.files?.[0])}
        />
        {large.value && (
          <p class="problem" role="alert">
            {t('import.large')}
          </p>
        )}
      </div>
      {accounts.value.length > 0 && (
        <section aria-labelledby="from-network">
          <h2 id="from-network">{t('import.network')}</h2>
          <div class="actions">
            {accounts.value.map((account) => (
              <Button
                key={account.id}
                disabled={busy.value || account.paused}
                onClick={() => void tryOut(account.display, () => Promise.resolve({ account: account.id }))}
              >
                {account.network_name}: <bdi>{plain(account.display)}</bdi>
              </Button>
            ))}
          </div>
        </section>
      )}
      {busy.value && <p role="status">{t('import.reading')}</p>}
      {problem.value && <ErrorNote problem={problem.value} />}
      {plan.value && <Plan of={plan.value} name={name.value} busy={busy.value} onTake={() => void take()} />}
    </Page>
  )
}

function Plan(props: {
  readonly of: ImportView
  readonly name: string
  readonly busy: boolean
  readonly onTake: () => void
}) {
  const { new: fresh, known, suggested, skipped, items, dry_run: dry } = props.of
  const counts = { new: fresh, known, suggested, skipped }
  const changes = fresh + suggested > 0
  return (
    <section aria-labelledby="plan">
      <h2 id="plan">
        {t(dry ? 'import.plan' : 'import.done')} <bdi class="muted">{props.name}</bdi>
      </h2>
      <p role="status">{t('import.counts', counts)}</p>
      {dry && changes && (
        <div class="actions">
          <Button kind="main" icon="contact-round" disabled={props.busy} onClick={props.onTake}>
            {t('import.take', { count: fresh + suggested })}
          </Button>
        </div>
      )}
      {dry && !changes && <p>{t('import.nothing')}</p>}
      {!dry && suggested > 0 && (
        <p>
          <Link to="/people/suggestions">{t('people.suggested', { count: suggested })}</Link>
        </p>
      )}
      <ul class="entries">
        {items.slice(0, SHOWN).map((entry, place) => (
          <Entry key={place} entry={entry} />
        ))}
      </ul>
      {items.length > SHOWN && <p class="help">{t('import.more', { count: items.length - SHOWN })}</p>}
    </section>
  )
}

function Entry({ entry }: { readonly entry: ImportedView }) {
  const why = entry.why && (maybe(`import.why.${entry.why}`) ?? entry.why)
  return (
    <li>
      <Badge kind={entry.outcome === 'skipped' ? 'warn' : 'plain'}>{maybe(`import.${entry.outcome}`) ?? entry.outcome}</Badge>
      <span>
        <bdi class="row-name">{entry.name ? plain(entry.name) : t('import.unnamed')}</bdi>
        {entry.addresses.map((address) => (
          <small key={address}>
            <bdi>{plain(address)}</bdi>
          </small>
        ))}
        {why && (
          <small>
            {why} {entry.line > 0 && t('import.line', { line: entry.line })}
          </small>
        )}
      </span>
    </li>
  )
}
