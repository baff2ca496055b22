import type { ChatView } from '../../api/types.gen.ts'
import { link } from '../../api/live.ts'
import { chatPath, path, view } from '../../router.ts'
import { asOf } from '../../state/copy.ts'
import { filter, inbox, inboxTrouble, loaded, loadInbox, shown } from '../../state/inbox.ts'
import { accounts, nameOf } from '../../state/networks.ts'
import { outbox } from '../../state/outbox.ts'
import { contactOf, requests } from '../../state/people.ts'
import { status } from '../../state/session.ts'
import { short, t, titleOf, wordsOf } from '../../text/t.ts'
import { Avatar, Badge, Button, Empty, ErrorNote, Icon, Link, plain, Waiting } from '../../ui/basics.tsx'
import { List } from '../../ui/List.tsx'
import { byWhom } from '../chat/Invited.tsx'

/** All conversations of all networks. */
export function Inbox() {
  const title = t('inbox.title')
  if (view.value.name === 'inbox') document.title = `${title} · swarmnode`
  // Beside something that was chosen, that has the heading of the page.
  const Heading = view.value.name === 'inbox' ? 'h1' : 'h2'
  return (
    <section class="inbox" aria-labelledby="inbox-title">
      <header>
        <Heading id="inbox-title">{title}</Heading>
        <Link to="/invite" class="button quiet alone" aria-label={t('invite.title')} title={t('invite.title')}>
          <Icon name="user-plus" />
        </Link>
      </header>
      {inbox.value.length > 0 && (
        <div class="tabs" role="group" aria-label={t('inbox.show')}>
          <Tab of="all" count={0} />
          <Tab of="unread" count={inbox.value.filter((chat) => chat.unread > 0).length} />
        </div>
      )}
      <Notices />
      {inboxTrouble.value && <ErrorNote problem={inboxTrouble.value} onRetry={() => void loadInbox()} />}
      <Rows />
    </section>
  )
}

function Tab({ of, count }: { readonly of: 'all' | 'unread'; readonly count: number }) {
  return (
    <button type="button" aria-pressed={filter.value === of} onClick={() => (filter.value = of)}>
      {t(`inbox.${of}`)}
      {count > 0 && ` ${count}`}
    </button>
  )
}

/** What wants a look: requests of strangers, accounts with a way out, no relay, no line to the node. */
function Notices() {
  const notices = accounts.value.filter((account) => account.notice)
  return (
    <>
      {link.value === 'down' && (
        <p class="notice" role="status">
          <Icon name="wifi-off" /> {t('offline')} {asOf()}
        </p>
      )}
      {status.value?.state === 'quarantine' && <p class="notice bad">{t('quarantine')}</p>}
      {status.value?.state === 'ready' && !status.value.relays.length && (
        <Link to="/relays" class="notice">
          <Icon name="server" /> {t('inbox.no-relay')}
        </Link>
      )}
      {requests.value.length > 0 && (
        <Link to="/people" class="notice">
          <Icon name="user-plus" /> {t('inbox.requests', { count: requests.value.length })}
        </Link>
      )}
      {notices.map((account) => (
        <Link key={account.id} to="/networks" class="notice">
          <Icon name="circle-alert" /> {account.says}
        </Link>
      ))}
    </>
  )
}

function Rows() {
  if (!loaded.value) return inboxTrouble.value ? null : <Waiting label={t('loading')} />
  if (!inbox.value.length) return <Nothing />
  if (!shown.value.length) {
    return (
      <Empty icon="check-check" title={t('inbox.read')}>
        <Button onClick={() => (filter.value = 'all')}>{t('inbox.all')}</Button>
      </Empty>
    )
  }
  return (
    <List
      items={shown.value}
      keyOf={(chat) => chat.id}
      label={t('inbox.title')}
      estimate={72}
      row={(chat) => <Row chat={chat} />}
    />
  )
}

function Nothing() {
  return (
    <Empty icon="inbox" title={t('inbox.empty')}>
      <p>{t('inbox.empty.text')}</p>
      <Link to="/invite" class="button main">
        <Icon name="user-plus" /> {t('invite.title')}
      </Link>
      <Link to="/accept" class="button plain">
        {t('accept.title')}
      </Link>
      <Link to="/networks" class="button plain">
        <Icon name="network" /> {t('networks.add')}
      </Link>
    </Empty>
  )
}

function Row({ chat }: { readonly chat: ChatView }) {
  const to = chatPath(chat.id)
  const waits = outbox.value.filter((unsent) => unsent.chat === chat.id).length
  const checked = contactOf(chat.contact)?.standing === 'verified'
  return (
    <Link to={to} class={`row ${chat.unread ? 'unread' : ''}`} aria-current={path.value === to ? 'page' : undefined}>
      <Avatar name={titleOf(chat)} network={chat.network} />
      <span class="row-text">
        <span class="row-head">
          <bdi class="row-name">{plain(titleOf(chat))}</bdi>
          {chat.unread > 0 && (
            <Badge kind="count">
              {chat.unread}
              <span class="unseen"> {t('inbox.unread')}</span>
            </Badge>
          )}
          {checked && (
            <span class="checked">
              <Icon name="check" />
              <span class="unseen">{t('trust.checked.short')}</span>
            </span>
          )}
          <time>{short(chat.last_at)}</time>
        </span>
        <span class="row-last">
          <Preview chat={chat} waits={waits} />
          {chat.network && (
            <span class="network" data-network={chat.network}>
              {nameOf(chat.network)}
            </span>
          )}
        </span>
      </span>
    </Link>
  )
}

function Preview({ chat, waits }: { readonly chat: ChatView; readonly waits: number }) {
  if (waits) return <span class="warn">{t('inbox.unsent', { count: waits })}</span>
  if (chat.standing === 'pending') return <span>{t('chat.pending')}</span>
  if (chat.invitation) return <bdi>{byWhom(chat.invitation)}</bdi>
  if (chat.standing === 'key-alert') return <span class="bad">{t('trust.alert.short')}</span>
  if (chat.draft) {
    return (
      <span>
        <em>{t('inbox.draft')}</em> <bdi>{chat.draft}</bdi>
      </span>
    )
  }
  if (chat.last_kind === 'deleted') return <span>{t('message.deleted')}</span>
  return <bdi>{wordsOf({ text: chat.last_text, translations: chat.last_translations }) || t('inbox.no-text')}</bdi>
}
