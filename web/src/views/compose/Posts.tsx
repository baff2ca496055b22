import { useEffect } from 'preact/hooks'

import type { PostView } from '../../api/types.gen.ts'
import { postPath } from '../../router.ts'
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
  }, [])
  const write = (
    <Link to="/posts/new" class="button main">
      <Icon name="square-pen" /> {t('compose.title')}
    </Link>
  )
  return (
    <Page title={t('posts.title')} back="/timeline" actions={write}>
      {postsTrouble.value && <ErrorNote problem={postsTrouble.value} onRetry={() => void loadPosts()} />}
      {!postsLoaded.value && !postsTrouble.value && <Waiting label={t('loading')} />}
      {postsLoaded.value && !posts.value.length && (
        <Empty icon="square-pen" title={t('posts.empty')}>
          <p>{t('posts.empty.text')}</p>
        </Empty>
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
      {postsNext.value && <Button onClick={() => void loadPosts(postsNext.value)}>{t('more')}</Button>}
    </Page>
  )
}
