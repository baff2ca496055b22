import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { BookLinkView, PersonView } from '../../api/types.gen.ts'
import { go, personPath } from '../../router.ts'
import { change, forgetImported, openPerson, person, personTrouble } from '../../state/book.ts'
import { contactOf } from '../../state/people.ts'
import { dayTime, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Avatar, Badge, Button, ErrorNote, Field, Icon, Link, plain, Waiting } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { attempt } from '../chat/attempt.ts'
import { Changes } from './changes.tsx'
import { ConsentOf } from './Consent.tsx'
import { Contact } from './Contact.tsx'
import { Merge, Split } from './Joining.tsx'
import { NobodyHere } from './NobodyHere.tsx'
import { TalkPrivately, waysToAsk } from './Private.tsx'
import { Claims, OfAccount } from './Proofs.tsx'
import { addressOf, networkName, reasonOf } from './reasons.ts'
import { Ways } from './Ways.tsx'

/** Somebody: their accounts and why they are theirs, the ways to reach them, and what was changed. */
export function Person({ id }: { readonly id: string }) {
  useEffect(() => {
    void openPerson(id)
  }, [id])
  const shown = person.value
  useEffect(() => {
    if (shown && shown.id !== id) go(personPath(shown.id), true)
  }, [shown?.id])
  const problem = personTrouble.value
  if (problem?.code === 'not-found') {
    return <NobodyHere />
  }
  return (
    <Page
      title={shown ? plain(shown.name) : t('people.title')}
      back="/people"
      actions={
        shown && (
          <Link to={`${personPath(shown.id)}/talk`} class="button main">
            <Icon name="send" /> {t('person.write')}
          </Link>
        )
      }
    >
      {problem && <ErrorNote problem={problem} onRetry={() => void openPerson(id)} />}
      {shown ? <Known of={shown} /> : !problem && <Waiting label={t('loading')} />}
    </Page>
  )
}

type Asked = 'rename' | 'private' | 'merge' | 'split' | null

function Known({ of }: { readonly of: PersonView }) {
  const asked = useSignal<Asked>(null)
  const close = (): void => {
    asked.value = null
  }
  const imported = of.links.some((account) => account.imported)
  return (
    <>
      <div class="actions">
        <Button icon="pencil" onClick={() => (asked.value = 'rename')}>
          {t('person.rename')}
        </Button>
        {waysToAsk(of).length > 0 && (
          <Button icon="lock" onClick={() => (asked.value = 'private')}>
            {t('private.do')}
          </Button>
        )}
        <Button icon="merge" onClick={() => (asked.value = 'merge')}>
          {t('person.merge')}
        </Button>
        {of.links.length > 1 && (
          <Button icon="split" onClick={() => (asked.value = 'split')}>
            {t('person.split')}
          </Button>
        )}
      </div>
      <section aria-labelledby="accounts">
        <h2 id="accounts">{t('person.accounts', { count: of.links.length })}</h2>
        <ul class="cards">
          {of.links.map((account) => (
            <Account key={account.id} of={of} account={account} />
          ))}
        </ul>
      </section>
      <Claims of={of} />
      <Ways of={of} />
      <ConsentOf person={of.id} name={plain(of.name)} />
      <section aria-labelledby="changes">
        <h2 id="changes">{t('person.changes')}</h2>
        <Changes key={of.id} of={of.id} />
      </section>
      {imported && (
        <p>
          <button type="button" class="inline" onClick={() => attempt(() => forget(of))}>
            {t('person.forget')}
          </button>
        </p>
      )}
      {asked.value === 'rename' && <Rename of={of} onClose={close} />}
      {asked.value === 'private' && <TalkPrivately of={of} onClose={close} />}
      {asked.value === 'merge' && <Merge of={of} onClose={close} />}
      {asked.value === 'split' && <Split of={of} onClose={close} />}
    </>
  )
}

async function forget(of: PersonView): Promise<void> {
  await forgetImported(of.id)
  note(t('person.forgotten', { name: plain(of.name) }))
}

/** One account, why it is theirs, and whether it is really them. */
function Account({ of, account }: { readonly of: PersonView; readonly account: BookLinkView }) {
  const contact = contactOf(account.contact)
  return (
    <li>
      <div class="card-head">
        <Avatar name={account.name || account.handle} network={account.network} />
        <div>
          <h3 class="network" data-network={account.network}>
            {networkName(account.network)}
          </h3>
          <p>
            <bdi>{plain(addressOf(account))}</bdi>
          </p>
        </div>
      </div>
      <p>
        {reasonOf(account)} <span class="muted">{t('person.since', { at: dayTime(account.at) })}</span>{' '}
        {account.imported && <Badge>{t('person.imported')}</Badge>}
      </p>
      <OfAccount of={of} account={account} />
      {contact && <Contact contact={contact} />}
    </li>
  )
}

function Rename({ of, onClose }: { readonly of: PersonView; readonly onClose: () => void }) {
  const name = useSignal(of.named ? of.name : '')
  const { busy, problem, run } = useDoing()
  return (
    <Dialog title={t('person.rename')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(async () => {
            await change(of.id, { name: name.value.trim() })
            onClose()
          })
        }}
      >
        <Field
          label={t('person.name')}
          help={t('person.name.help')}
          name="person-name"
          value={name.value}
          onText={(text) => (name.value = text)}
          maxLength={64}
          autocomplete="off"
        />
        {problem.value && <ErrorNote problem={problem.value} />}
        <Button type="submit" kind="main" disabled={busy.value}>
          {t('save')}
        </Button>
      </form>
    </Dialog>
  )
}
