import { useEffect } from 'preact/hooks'

import type { PostView } from '../../api/types.gen.ts'
import { postPath } from '../../router.ts'
import { isHeld, loadWaiting, waiting } from '../../state/later.ts'
import { loadPosts, posts, postsLoaded, postsNext, postsTrouble } from '../../state/posts.ts'
import { dayTime, maybe, short, t } from '../../text/t.ts'
import { Button, Empty, ErrorNote, Icon, Link, Waiting } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'

/** How a post stands on all of its networks together. */
export const stateOfPost = ({ state, places }: PostView): string => {
  const there = places.filter((place) => ['sent', 'delivered', 'read'].includes(place.state)).length
  return maybe(`post-state.${state}`, { there, all: places.length }) ?? state
}

/** What was posted, the latest first. */
export function Posts() {
  useEffect(() => {
    void loadPosts()
    void loadWaiting()
  }, [])
  const held = waiting.value.filter((row) => row.what === 'post' && isHeld(row))
  const write = (
    <Link to="/posts/new" class="button main">
      <Icon name="square-pen" /> {t('compose.title')}
    </Link>
  )
  return (
    <Page title={t('posts.title')} back="/timeline" actions={write}>
      {postsTrouble.value && <ErrorNote problem={postsTrouble.value} onRetry={() => void loadPosts()} />}
      {!postsLoaded.value && !postsTrouble.value && <Waiting label={t('loading')} />}
      {postsLoaded.value && !posts.value.length && !held.length && (
        <Empty icon="square-pen" title={t('posts.empty')}>
          <p>{t('posts.empty.text')}</p>
        </Empty>
      )}
      {held.length > 0 && (
        <ul class="rows" aria-label={t('posts.held')}>
          {held.map((row) => (
            <li key={row.message}>
              <Link to={postPath(row.message)} class="row">
                <Icon name={row.reason ? 'circle-alert' : 'clock'} />
                <span class="row-text">
                  <span class="row-head">
                    <span class={row.reason ? 'bad' : 'muted'}>{row.reason ? row.says : t('held.at', { at: dayTime(row.send_at) })}</span>
                  </span>
                  <span class="row-last">
                    <bdi>{row.text || t('post.file')}</bdi>
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <ul class="rows">
        {posts.value.map((post) => (
          <li key={post.id}>
            <Link to={postPath(post.id)} class="row">
              <span class="row-text">
                <span class="row-head">
                  <span class={['refused', 'partly', 'maybe'].includes(post.state) ? 'bad' : 'muted'}>{stateOfPost(post)}</span>
                  {post.answer_count > 0 && <span class="muted">{t('posts.answers', { count: post.answer_count })}</span>}
                  <time title={dayTime(post.wall_s)}>{short(post.wall_s)}</time>
                </span>
                <span class="row-last">
                  <bdi>{post.deleted ? t('message.deleted') : post.title || post.text || t('post.file')}</bdi>
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {postsNext.value && <Button onClick={() => void loadPosts(true)}>{t('more')}</Button>}
    </Page>
  )
}
