import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

import { link } from '../../api/live.ts'
import { useCommand } from '../../keys.ts'
import { go } from '../../router.ts'
import { reading } from '../../state/inbox.ts'
import { accounts, nameOf } from '../../state/networks.ts'
import { outbox } from '../../state/outbox.ts'
import { fresh, keepPlace, loadOlderPosts, openTimeline, place, showFresh, timeline } from '../../state/timeline.ts'
import { t, titleOf } from '../../text/t.ts'
import { announce } from '../../ui/Announcer.tsx'
import { Button, Empty, ErrorNote, Icon, Link, plain, Waiting } from '../../ui/basics.tsx'
import { List, type ListHandle } from '../../ui/List.tsx'
import { Answer, answering } from './Answer.tsx'
import { Post } from './Post.tsx'

/** Posts of all networks, the newest first. */
export function Timeline() {
  const { posts, loaded, loading, trouble, of } = timeline.value
  const heading = useRef<HTMLHeadingElement>(null)
  const handle = useRef<ListHandle>(null)
  const active = useSignal(-1)
  const title = t('timeline.title')
  useEffect(() => {
    document.title = `${title} · swarmnode`
    heading.current?.focus()
    void openTimeline()
    const leave = (): void => {
      const top = handle.current?.top() ?? 0
      if (timeline.value.loaded) keepPlace(top ? (timeline.value.posts[top]?.id ?? '') : '')
    }
    addEventListener('pagehide', leave)
    return () => {
      removeEventListener('pagehide', leave)
      leave()
    }
  }, [])
  const first = posts.findIndex((post) => post.id === place.id)
  const count = fresh.value.posts.length
  useEffect(() => {
    if (count) announce(t('timeline.fresh', { count }))
  }, [count > 0])

  const focus = (at: number): void => {
    active.value = at
    handle.current?.show(at)
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-at="${at}"]`)?.focus())
  }
  const show = (): void => {
    if (!fresh.value.posts.length) return
    showFresh()
    requestAnimationFrame(() => focus(0))
  }
  const move = (by: number): void => focus(Math.min(Math.max(active.value + by, 0), timeline.value.posts.length - 1))
  useCommand('.', t('timeline.show'), show)
  useCommand('c', t('compose.title'), () => go('/posts/new'))
  useCommand('j', t('key.next-post'), () => move(1))
  useCommand('k', t('key.previous-post'), () => move(-1))
  useCommand('r', t('reply'), () => {
    const post = timeline.value.posts[active.value]
    if (post) answering.value = post
  })

  return (
    <section class="timeline" aria-labelledby="timeline-title">
      <header>
        <h1 id="timeline-title" tabIndex={-1} ref={heading}>
          {title}
        </h1>
        <Sources of={of} />
        {accounts.value.length > 0 && (
          <>
            <Link to="/posts" class="button plain">
              {t('posts.title')}
            </Link>
            <Link to="/posts/new" class="button main">
              <Icon name="square-pen" /> {t('compose.title')}
            </Link>
          </>
        )}
      </header>
      <Notices />
      {trouble && <ErrorNote problem={trouble} onRetry={() => void openTimeline()} />}
      {count > 0 && (
        <p class="fresh">
          <Button icon="arrow-up" onClick={show}>
            {t('timeline.fresh', { count })}
          </Button>
        </p>
      )}
      {!loaded && loading && <Waiting label={t('loading')} />}
      {loaded && !posts.length && <Nothing />}
      {posts.length > 0 && (
        <List
          key={of}
          items={posts}
          keyOf={(post) => post.id}
          label={title}
          estimate={220}
          first={first}
          handle={handle}
          onEnd={() => void loadOlderPosts()}
          row={(post, at) => (
            <Post post={post} at={at} active={active.value === at} onActive={() => (active.value = at)} />
          )}
        />
      )}
      {answering.value && (
        <Answer key={answering.value.id} post={answering.value} onClose={() => (answering.value = null)} />
      )}
    </section>
  )
}

/** Which posts: all, or those of one timeline, list or feed. */
function Sources({ of }: { readonly of: string }) {
  if (!reading.value.length) return null
  return (
    <select
      class="sources"
      aria-label={t('timeline.which')}
      value={of}
      onChange={(event) => void openTimeline(event.currentTarget.value)}
    >
      <option value="">{t('timeline.all')}</option>
      {reading.value.map((chat) => (
        <option key={chat.id} value={chat.id}>
          {plain(titleOf(chat))} · {nameOf(chat.network)}
        </option>
      ))}
    </select>
  )
}

/** No line to the node, accounts that want a look, and answers that are not sent yet. */
function Notices() {
  const sources = useComputed(() => new Set(reading.value.map((chat) => chat.account)))
  const ill = accounts.value.filter((account) => account.notice && sources.value.has(account.id))
  const chats = new Set(reading.value.map((chat) => chat.id))
  const waiting = outbox.value.filter((unsent) => chats.has(unsent.chat))
  return (
    <>
      {link.value === 'down' && (
        <p class="notice" role="status">
          <Icon name="wifi-off" /> {t('offline.old')}
        </p>
      )}
      {ill.map((account) => (
        <Link key={account.id} to="/networks" class="notice">
          <Icon name="circle-alert" /> {account.network_name}: {account.says}
        </Link>
      ))}
      {waiting.map((unsent) => (
        <Link key={unsent.key} to={`/chats/${unsent.chat}`} class="notice">
          <Icon name={unsent.problem ? 'circle-alert' : 'clock'} />{' '}
          {unsent.problem ? t('unsent.refused', { why: unsent.problem }) : t('unsent.waits')}
        </Link>
      ))}
    </>
  )
}

function Nothing() {
  return (
    <Empty icon="newspaper" title={t('timeline.empty')}>
      <p>{t(reading.value.length ? 'timeline.empty.follow' : 'timeline.empty.text')}</p>
      {!reading.value.length && (
        <Link to="/networks" class="button main">
          <Icon name="network" /> {t('networks.add')}
        </Link>
      )}
    </Empty>
  )
}
