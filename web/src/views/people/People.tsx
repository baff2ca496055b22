import { useEffect } from 'preact/hooks'

import type { ContactView, PersonView } from '../../api/types.gen.ts'
import { link } from '../../api/live.ts'
import { go, path, personPath, view } from '../../router.ts'
import { bookLoaded, bookTrouble, everybody, found, loadBook, loadSuggestions, lookedFor, suggestions } from '../../state/book.ts'
import { answer, contactOf, requests } from '../../state/people.ts'
import { t } from '../../text/t.ts'
import { Avatar, Badge, Button, Empty, ErrorNote, Icon, Link, Name, Waiting } from '../../ui/basics.tsx'
import { List } from '../../ui/List.tsx'
import { attempt } from '../chat/attempt.ts'
import { networkName } from './reasons.ts'

/** Everybody in the address book, whichever networks they are on. */
export function People() {
  const title = t('people.title')
  const alone = view.value.name === 'people'
  if (alone) document.title = `${title} · swarmnode`
  useEffect(() => {
    if (!bookLoaded.value) void Promise.all([loadBook(), loadSuggestions()])
  }, [])
  // Beside something that was chosen, that has the heading of the page.
  const Heading = alone ? 'h1' : 'h2'
  return (
    <section class="inbox" aria-labelledby="people-title">
      <header>
        <Heading id="people-title">{title}</Heading>
        <Link to="/people/import" class="button quiet alone" aria-label={t('import.title')} title={t('import.title')}>
          <Icon name="contact-round" />
        </Link>
        <Link to="/invite" class="button quiet alone" aria-label={t('invite.title')} title={t('invite.title')}>
          <Icon name="user-plus" />
        </Link>
      </header>
      {everybody.value.length > 0 && <Find />}
      {link.value === 'down' && (
        <p class="notice" role="status">
          <Icon name="wifi-off" /> {t('offline.old')}
        </p>
      )}
      {suggestions.value.length > 0 && (
        <Link to="/people/suggestions" class="notice">
          <Icon name="users" /> {t('people.suggested', { count: suggestions.value.length })}
        </Link>
      )}
      {bookTrouble.value && <ErrorNote problem={bookTrouble.value} onRetry={() => void loadBook()} />}
      {requests.value.length > 0 && (
        <ul class="cards requests" aria-label={t('people.requests')}>
          {requests.value.map((contact) => (
            <Request key={contact.id} contact={contact} />
          ))}
        </ul>
      )}
      <Rows />
    </section>
  )
}

function Find() {
  return (
    <div class="find">
      <input
        type="search"
        aria-label={t('people.find')}
        placeholder={t('people.find')}
        autocomplete="off"
        value={lookedFor.value}
        onInput={(event) => (lookedFor.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          const first = found.value[0]
          if (event.key === 'Enter' && lookedFor.value && first) go(personPath(first.id))
        }}
      />
      <span class="unseen" role="status">
        {lookedFor.value && t('people.count', { count: found.value.length })}
      </span>
    </div>
  )
}

function Rows() {
  if (!bookLoaded.value) return bookTrouble.value ? null : <Waiting label={t('loading')} />
  if (!everybody.value.length) {
    return requests.value.length ? null : (
      <Empty icon="users" title={t('people.empty')}>
        <p>{t('people.empty.text')}</p>
        <Link to="/invite" class="button main">
          <Icon name="user-plus" /> {t('invite.title')}
        </Link>
        <Link to="/people/import" class="button plain">
          <Icon name="contact-round" /> {t('import.title')}
        </Link>
      </Empty>
    )
  }
  if (!found.value.length) return <Empty icon="search" title={t('people.nobody', { text: lookedFor.value })} />
  return (
    <List
      items={found.value}
      keyOf={(person) => person.id}
      label={t('people.title')}
      estimate={68}
      row={(person) => <Row person={person} />}
    />
  )
}

function Row({ person }: { readonly person: PersonView }) {
  const to = personPath(person.id)
  const checked = person.links.some((account) => contactOf(account.contact)?.standing === 'verified')
  const networks = [...new Set(person.links.map((account) => account.network))]
  return (
    <Link to={to} class={`row ${person.unread ? 'unread' : ''}`} aria-current={isAt(to) ? 'page' : undefined}>
      <Avatar name={person.name} network={networks.includes('') ? '' : (networks[0] ?? '')} />
      <span class="row-text">
        <span class="row-head">
          <span class="row-name">
            <Name of={person.name} />
          </span>
          {person.unread > 0 && (
            <Badge kind="count">
              {person.unread}
              <span class="unseen"> {t('inbox.unread')}</span>
            </Badge>
          )}
          {checked && (
            <span class="checked">
              <Icon name="check" />
              <span class="unseen">{t('trust.checked.short')}</span>
            </span>
          )}
        </span>
        <span class="row-networks">
          {networks.map((network) => (
            <span key={network} class="network" data-network={network}>
              {networkName(network)}
            </span>
          ))}
        </span>
      </span>
    </Link>
  )
}

const isAt = (to: string): boolean => path.value === to || path.value.startsWith(`${to}/`)

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
