import { signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import { commands, listenToKeys, useCommand } from './keys.ts'
import { chatPath, go, path, personPath, type View, view } from './router.ts'
import { saveDraftsNow } from './state/drafts.ts'
import { inbox, loadInbox, unread } from './state/inbox.ts'
import { isWanted, loadNetworks } from './state/networks.ts'
import { startOutbox } from './state/outbox.ts'
import { loadPeople } from './state/people.ts'
import { within } from './state/search.ts'
import { stage } from './state/session.ts'
import { type Key, t } from './text/t.ts'
import { Announcer, Toast } from './ui/Announcer.tsx'
import { Empty, Icon, Link } from './ui/basics.tsx'
import { Dialog } from './ui/Dialog.tsx'
import { Newer } from './ui/Newer.tsx'
import type { IconName } from './ui/icons.ts'
import { later, laterMore } from './ui/later.tsx'
import { Page } from './ui/Page.tsx'
import { Pressing } from './ui/Pressing.tsx'
import { Inbox } from './views/inbox/Inbox.tsx'
import { People } from './views/people/People.tsx'
import { Gate } from './views/start/Gate.tsx'

const loadChat = async () => (await import('./views/chat/Chat.tsx')).Chat
const Chat = later(loadChat)
const Health = laterMore(async () => (await import('./views/health/Health.tsx')).Health)
const Login = later(async () => (await import('./views/networks/Login.tsx')).Login)
const Networks = later(async () => (await import('./views/networks/Networks.tsx')).Networks)
const Settle = later(async () => (await import('./views/networks/Settle.tsx')).Settle)
const Settings = laterMore(async () => (await import('./views/settings/Settings.tsx')).Settings)
const Devices = laterMore(async () => (await import('./views/devices/Devices.tsx')).Devices)
const Relays = laterMore(async () => (await import('./views/relays/Relays.tsx')).Relays)
const Consents = laterMore(async () => (await import('./views/people/Consent.tsx')).Consents)
const Outbox = laterMore(async () => (await import('./views/outbox/Outbox.tsx')).Outbox)
const Deletions = laterMore(async () => (await import('./views/deletion/Deletions.tsx')).Deletions)
const Invite = laterMore(async () => (await import('./views/people/Invite.tsx')).Invite)
const Accept = laterMore(async () => (await import('./views/people/Invite.tsx')).Accept)
const Start = laterMore(async () => (await import('./views/start/Start.tsx')).Start)
const Palette = later(async () => (await import('./views/Palette.tsx')).Palette)
const Person = laterMore(async () => (await import('./views/people/Person.tsx')).Person)
const Talk = later(async () => (await import('./views/people/Talk.tsx')).Talk)
const Suggestions = later(async () => (await import('./views/people/Suggestions.tsx')).Suggestions)
const Timeline = later(async () => (await import('./views/timeline/Timeline.tsx')).Timeline)
const Posts = laterMore(async () => (await import('./views/compose/Posts.tsx')).Posts)
const OnePost = laterMore(async () => (await import('./views/compose/OnePost.tsx')).OnePost)
const Compose = laterMore(async () => (await import('./views/compose/Compose.tsx')).Compose)
const Search = later(async () => (await import('./views/search/Search.tsx')).Search)
const Import = later(async () => (await import('./views/people/Import.tsx')).Import)

export function App() {
  const inside = stage.value === 'ready'
  return (
    <>
      {inside ? <Shell /> : stage.value === 'start' ? <Start /> : <Gate />}
      <Toast />
      <Newer />
      {inside && <Pressing />}
      <Announcer />
    </>
  )
}

interface Place {
  readonly to: string
  readonly text: Key
  readonly icon: IconName
  /** The second key after `g`. */
  readonly key: string
  /** Where there is little room it stands under "more". */
  readonly rare?: true
}

const PLACES: readonly Place[] = [
  { to: '/', text: 'inbox.title', icon: 'inbox', key: 'i' },
  { to: '/timeline', text: 'timeline.title', icon: 'newspaper', key: 't' },
  { to: '/people', text: 'people.title', icon: 'users', key: 'p' },
  { to: '/search', text: 'search.title', icon: 'search', key: '/' },
  { to: '/networks', text: 'networks.title', icon: 'network', key: 'b', rare: true },
  { to: '/health', text: 'health.title', icon: 'heart-pulse', key: 'h', rare: true },
  { to: '/settings', text: 'settings.title', icon: 'settings', key: 's', rare: true },
]
const RARE = PLACES.filter((place) => place.rare)

/** What belongs together is shown with one list beside it. */
const LISTS: Readonly<Partial<Record<View['name'], 'inbox' | 'people'>>> = {
  inbox: 'inbox', chat: 'inbox',
  people: 'people', person: 'people', talk: 'people', suggestions: 'people', import: 'people',
}

/** Whether there is room for one thing at a time only; the style sheet has the same number. */
const narrow = signal(false)
const media = matchMedia('(max-width: 639px)')
media.addEventListener('change', () => (narrow.value = media.matches))
narrow.value = media.matches

/** From the conversation that is open to the one beside it. */
function beside(by: number): void {
  const at = view.value.name === 'chat' ? inbox.value.findIndex((chat) => chat.id === (view.value as { chat?: string }).chat) : -1
  const next = inbox.value.at(at < 0 ? 0 : (at + by) % inbox.value.length)
  if (next) go(chatPath(next.id))
}

/** The rail, the list and what was chosen from it: side by side where there is room, else one after the other. */
function Shell() {
  const help = useSignal(false)
  const palette = useSignal(false)
  useEffect(() => {
    void Promise.all([loadInbox(), loadPeople(), loadNetworks(), startOutbox()])
    loadChat().catch(() => {}) // it will be wanted soon
    addEventListener('pagehide', saveDraftsNow)
    const end = listenToKeys()
    return () => {
      removeEventListener('pagehide', saveDraftsNow)
      end()
    }
  }, [])
  useCommand('?', t('help.title'), () => (help.value = true))
  useCommand('Ctrl k', t('palette'), () => (palette.value = true))
  useCommand('Alt ↓', t('key.next-chat'), () => beside(1))
  useCommand('Alt ↑', t('key.previous-chat'), () => beside(-1))
  useCommand('Escape', t('key.back'), () => go(above(view.value)))
  useCommand('n', t('key.next-unread'), () => {
    const next = inbox.value.find((chat) => chat.unread > 0)
    if (next) go(chatPath(next.id))
  })
  useCommand('/', t('key.search'), () => {
    within.value = view.value.name === 'chat' ? view.value.chat : ''
    go('/search')
  })
  useCommand('i', t('invite.title'), () => go('/invite'))
  const { name } = view.value
  const list = LISTS[name]
  const AtLeft = list === 'people' ? People : Inbox
  return (
    <div class={`shell ${name === list ? 'at-list' : 'at-content'} ${list ? 'with-list' : ''}`}>
      <a class="skip" href="#main">
        {t('skip')}
      </a>
      <nav aria-label={t('nav')}>
        {PLACES.map((place) => (
          <Place key={place.to} place={place} />
        ))}
        <More />
      </nav>
      {list && !narrow.value && (
        <aside aria-label={t(`${list}.title`)}>
          <AtLeft />
        </aside>
      )}
      <main id="main" tabIndex={-1}>
        {narrow.value && name === list ? <AtLeft /> : <Content />}
      </main>
      {palette.value && <Palette onClose={() => (palette.value = false)} />}
      {help.value && <Help onClose={() => (help.value = false)} />}
    </div>
  )
}

const BELOW_SETTINGS: ReadonlySet<View['name']> = new Set(['devices', 'relays', 'consents', 'outbox', 'deletions'])

/** Where Esc leads to. */
function above(at: View): string {
  if (at.name === 'talk') return personPath(at.person)
  if (at.name === 'post') return '/posts'
  if (BELOW_SETTINGS.has(at.name)) return '/settings'
  if (at.name === 'compose' || at.name === 'posts') return '/timeline'
  return LISTS[at.name] === 'people' && at.name !== 'people' ? '/people' : '/'
}

/** Where there is little room: the way to what is needed less often. */
function More() {
  const { name } = view.value
  const here = name === 'more' || BELOW_SETTINGS.has(name) || RARE.some((place) => path.value.startsWith(place.to))
  return (
    <Link to="/more" class="narrow-only" aria-current={here ? 'page' : undefined}>
      <Icon name="ellipsis" />
      <span>{t('more')}</span>
      {isWanted.value && (
        <span class="dot warn">
          <span class="unseen">{t('networks.look')}</span>
        </span>
      )}
    </Link>
  )
}

function Rare() {
  return (
    <Page title={t('more')}>
      <ul class="rows">
        {RARE.map(({ to, text, icon }) => (
          <li key={to}>
            <Link to={to} class="row">
              <Icon name={icon} />
              <span class="row-name">{t(text)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Page>
  )
}

function Place({ place }: { readonly place: Place }) {
  const { to, text, icon, key, rare } = place
  useCommand(`g${key}`, t(text), () => go(to))
  const below = to === '/settings' && BELOW_SETTINGS.has(view.value.name)
  const here = below || (to === '/' ? path.value === '/' || path.value.startsWith('/chats/') : path.value.startsWith(to))
  const wanted = to === '/networks' && isWanted.value
  return (
    <Link to={to} class={rare ? 'rare' : ''} aria-current={here ? 'page' : undefined} title={`${t(text)} (g ${key})`}>
      <Icon name={icon} />
      <span>{t(text)}</span>
      {to === '/' && unread.value > 0 && (
        <span class="dot">
          <span class="unseen">{t('inbox.count', { count: unread.value })}</span>
        </span>
      )}
      {wanted && (
        <span class="dot warn">
          <span class="unseen">{t('networks.look')}</span>
        </span>
      )}
    </Link>
  )
}

function Content() {
  const at = view.value
  switch (at.name) {
    case 'inbox':
      return (
        <Empty icon="inbox" title={inbox.value.length ? t('inbox.pick') : t('inbox.first')}>
          <p>{inbox.value.length ? t('inbox.pick.text') : t('inbox.first.text')}</p>
        </Empty>
      )
    case 'chat':
      return <Chat key={`${at.chat} ${at.at}`} chat={at.chat} at={at.at} />
    case 'people':
      return (
        <Empty icon="users" title={t('people.pick')}>
          <p>{t('people.pick.text')}</p>
        </Empty>
      )
    case 'person':
      return <Person key={at.person} id={at.person} />
    case 'talk':
      return <Talk key={at.person} id={at.person} />
    case 'suggestions':
      return <Suggestions />
    case 'import':
      return <Import />
    case 'timeline':
      return <Timeline />
    case 'posts':
      return <Posts />
    case 'post':
      return <OnePost key={at.post} id={at.post} />
    case 'compose':
      return <Compose />
    case 'search':
      return <Search />
    case 'more':
      return <Rare />
    case 'invite':
      return <Invite />
    case 'accept':
      return <Accept />
    case 'networks':
      return <Networks />
    case 'login':
      return <Login key={at.network + at.account} network={at.network} account={at.account} />
    case 'settle':
      return <Settle key={at.account + at.matter} account={at.account} matter={at.matter} />
    case 'settings':
      return <Settings />
    case 'devices':
      return <Devices />
    case 'relays':
      return <Relays />
    case 'consents':
      return <Consents />
    case 'outbox':
      return <Outbox />
    case 'deletions':
      return <Deletions />
    case 'health':
      return <Health />
    default:
      return (
        <Page title={t('nowhere')} back="/">
          <Link to="/" class="button main">
            {t('inbox.title')}
          </Link>
        </Page>
      )
  }
}

function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title={t('help.title')} onClose={onClose}>
      <dl class="keys">
        {commands.value.map(({ keys, says }) => (
          <div key={keys}>
            <dt>
              {(keys === 'Escape' ? ['Esc'] : keys.includes(' ') ? keys.split(' ') : [...keys]).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Ctrl</kbd>
            <kbd>Enter</kbd>
          </dt>
          <dd>{t('send')}</dd>
        </div>
        <div>
          <dt>
            <kbd>F6</kbd>
          </dt>
          <dd>{t('key.region')}</dd>
        </div>
      </dl>
    </Dialog>
  )
}
