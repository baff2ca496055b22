import { useEffect, useRef } from 'preact/hooks'

import { link } from '../../api/live.ts'
import type { Hit } from '../../api/types.gen.ts'
import { chatPath, go } from '../../router.ts'
import { chatOf } from '../../state/inbox.ts'
import { nameOf } from '../../state/networks.ts'
import { lookIn, looking, more, partsOf, results, search, type, within, words } from '../../state/search.ts'
import { dayTime, maybe, short, t } from '../../text/t.ts'
import { Avatar, Button, Empty, ErrorNote, Icon, Link, plain, Waiting } from '../../ui/basics.tsx'
import { List } from '../../ui/List.tsx'

/** Everything that was said, on all networks. */
export function Search() {
  const field = useRef<HTMLInputElement>(null)
  const title = t('search.title')
  useEffect(() => {
    document.title = `${title} · swarmnode`
    field.current?.select()
    field.current?.focus()
  }, [])
  const scope = chatOf(within.value)
  return (
    <section class="timeline search" aria-labelledby="search-title">
      <header>
        <h1 id="search-title" class="unseen">
          {title}
        </h1>
        <search>
          <input
            type="search"
            ref={field}
            aria-label={t('search.label')}
            placeholder={t('search.label')}
            autocomplete="off"
            maxLength={500}
            value={words.value}
            onInput={(event) => type(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                const first = looking.value ? undefined : results.value.hits[0]
                if (first) go(placeOf(first))
                else void search()
              }
            }}
          />
          {scope && (
            <div class="tabs" role="group" aria-label={t('search.where')}>
              <button type="button" aria-pressed={true} onClick={() => lookIn('')}>
                {t('search.only', { name: plain(scope.title) })} <Icon name="x" />
                <span class="unseen">{t('search.everywhere')}</span>
              </button>
            </div>
          )}
        </search>
      </header>
      {link.value === 'down' && (
        <p class="notice" role="status">
          <Icon name="wifi-off" /> {t('offline.old')}
        </p>
      )}
      <Found />
    </section>
  )
}

const placeOf = ({ message }: Hit): string => chatPath(message.chat, message.id)

function Found() {
  const { text, hits, next, busy, trouble } = results.value
  if (trouble && !hits.length) return <ErrorNote problem={trouble} onRetry={() => void search()} />
  if (!text) {
    return (
      <Empty icon="search" title={t('search.tips')}>
        <p>{t('search.tips.text')}</p>
      </Empty>
    )
  }
  if (busy && !hits.length) return <Waiting label={t('search.busy')} />
  return (
    <>
      <p class="count" role="status">
        {!busy && t(next ? 'search.count.more' : 'search.count', { count: hits.length })}
      </p>
      <Gaps />
      {hits.length ? (
        <List
          key={text + within.value}
          items={hits}
          keyOf={(hit) => hit.message.id}
          label={t('search.results')}
          estimate={84}
          onEnd={() => void more()}
          row={(hit) => <Row hit={hit} />}
        />
      ) : (
        <Empty icon="search" title={t('search.nothing', { text })}>
          {within.value && <Button onClick={() => lookIn('')}>{t('search.everywhere')}</Button>}
        </Empty>
      )}
    </>
  )
}

/** What could not be looked at. */
function Gaps() {
  const { gaps } = results.value
  if (!gaps.length) return null
  return (
    <ul class="gaps" aria-label={t('search.gaps')}>
      {gaps.map(({ code, account, network }) => (
        <li key={code + account}>
          <Icon name="circle-alert" />{' '}
          {maybe(`search.gap.${code}`, { network: nameOf(network) }) ?? t('search.gap.', { network: nameOf(network) })}
        </li>
      ))}
    </ul>
  )
}

function Row({ hit }: { readonly hit: Hit }) {
  const { message, snippet } = hit
  const chat = chatOf(message.chat)
  const network = message.network && nameOf(message.network)
  const author = message.mine ? t('you') : plain(message.author_name)
  const where = chat ? plain(chat.title) : ''
  return (
    <Link to={placeOf(hit)} class="row">
      <Avatar name={message.author_name} network={message.network} />
      <span class="row-text">
        <span class="row-head">
          <bdi class="row-name">{author}</bdi>
          {where !== author && <bdi class="muted place">{where}</bdi>}
          <time title={dayTime(message.wall_s)}>{short(message.wall_s)}</time>
        </span>
        <span class="snippet" dir="auto">
          {partsOf(snippet).map((part, at) => (at % 2 ? <mark key={at}>{part}</mark> : part))}
        </span>
        <span class="network" data-network={message.network}>
          {network || t('person.node')}
        </span>
      </span>
    </Link>
  )
}
