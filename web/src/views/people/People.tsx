import type { ContactView } from '../../api/types.gen.ts'
import { chatPath } from '../../router.ts'
import { answer, contacts, loadPeople, peopleLoaded, peopleTrouble, requests } from '../../state/people.ts'
import { maybe, t } from '../../text/t.ts'
import { Avatar, Button, Empty, ErrorNote, Icon, Link, Name, Waiting } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'
import { attempt } from '../chat/Message.tsx'

export function People() {
  const known = contacts.value
    .filter((contact) => contact.standing !== 'request')
    .toSorted((a, b) => a.name.localeCompare(b.name))
  const add = (
    <Link to="/invite" class="button plain">
      <Icon name="user-plus" /> {t('invite.title')}
    </Link>
  )
  return (
    <Page title={t('people.title')} actions={add}>
      {peopleTrouble.value && <ErrorNote problem={peopleTrouble.value} onRetry={() => void loadPeople()} />}
      {!peopleLoaded.value && !peopleTrouble.value && <Waiting label={t('loading')} />}
      {requests.value.length > 0 && (
        <>
          <h2>{t('people.requests')}</h2>
          <ul class="cards">{requests.value.map((contact) => <Request key={contact.id} contact={contact} />)}</ul>
        </>
      )}
      {peopleLoaded.value && !contacts.value.length && (
        <Empty icon="users" title={t('people.empty')}>
          <p>{t('people.empty.text')}</p>
        </Empty>
      )}
      {known.length > 0 && (
        <ul class="rows">
          {known.map((contact) => (
            <li key={contact.id}>
              <Link to={chatPath(contact.chat)} class="row">
                <Avatar name={contact.name} network="" />
                <span class="row-text">
                  <span class="row-name">
                    <Name of={contact.name} />
                  </span>
                  <span class={contact.standing === 'verified' ? 'good' : 'muted'}>
                    {maybe(`standing.${contact.standing}`) ?? contact.standing}
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Page>
  )
}

function Request({ contact }: { readonly contact: ContactView }) {
  return (
    <li>
      <p>
        <strong>
          <Name of={contact.name} />
        </strong>{' '}
        {t('people.asks')}
      </p>
      {contact.note && (
        <blockquote>
          <bdi>{contact.note}</bdi>
        </blockquote>
      )}
      <div class="actions">
        <Button onClick={() => attempt(() => answer(contact.id, false))}>{t('people.decline')}</Button>
        <Button kind="main" onClick={() => attempt(() => answer(contact.id, true))}>
          {t('people.accept')}
        </Button>
      </div>
    </li>
  )
}
