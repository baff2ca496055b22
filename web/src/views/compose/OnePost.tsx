import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { MessageView, PlaceView, PostView } from '../../api/types.gen.ts'
import { go } from '../../router.ts'
import { isHeld, loadWaiting, waiting, waitingLoaded } from '../../state/later.ts'
import { nameOf } from '../../state/networks.ts'
import { editPost, openPost, postsTrouble, resendPost, shownPost, takeBackHeldPost, takeBackPost } from '../../state/posts.ts'
import { learn } from '../../state/timeline.ts'
import { dayTime, t, wordsOf } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Avatar, Button, Empty, ErrorNote, Icon, Name, plain, Waiting } from '../../ui/basics.tsx'
import { Confirm, Dialog } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { attempt } from '../chat/attempt.ts'
import { HeldRows } from '../chat/HeldRows.tsx'
import { Answer, answering } from '../timeline/Answer.tsx'
import { stateOfPost } from './Posts.tsx'

const FAILED = new Set(['refused', 'expired', 'maybe'])

/** One post: how it stands on each network, and what people of all of them answered. */
export function OnePost({ id }: { readonly id: string }) {
  useEffect(() => {
    void openPost(id)
  }, [id])
  const post = shownPost.value
  useEffect(() => {
    if (post) void learn(post.answers)
  }, [post?.answers])
  const problem = postsTrouble.value
  return (
    <Page title={t('posts.one')} back="/posts">
      {problem?.code === 'not-found' ? (
        <Empty icon="square-pen" title={t('posts.gone')} />
      ) : (
        problem && <ErrorNote problem={problem} onRetry={() => void openPost(id)} />
      )}
      {post ? <Shown post={post} /> : !problem && <Waiting label={t('loading')} />}
      {answering.value && (
        <Answer key={answering.value.id} post={answering.value} onClose={() => (answering.value = null)} />
      )}
    </Page>
  )
}

function Shown({ post }: { readonly post: PostView }) {
  const asked = useSignal<'edit' | 'delete' | null>(null)
  const held = isHeld({ message: post.id })
  const close = (): void => {
    asked.value = null
  }
  return (
    <>
      <article class="own-post" aria-label={t('posts.one')}>
        {post.title && <strong dir="auto">{post.title}</strong>}
        <p dir="auto">{post.deleted ? t('message.deleted') : post.text}</p>
        {post.attachments.map((file, at) => (
          <p key={at} class="muted">
            <bdi>{file.name}</bdi> {file.description && <small dir="auto">{file.description}</small>}
          </p>
        ))}
        <p class="muted">
          {dayTime(post.wall_s)} {post.edited && t('message.edited')}
        </p>
      </article>
      <Held post={post} />
      {!post.deleted && (
        <div class="actions">
          <Button icon="pencil" onClick={() => (asked.value = 'edit')}>
            {t('edit')}
          </Button>
          {!held && (
            <Button icon="trash-2" onClick={() => (asked.value = 'delete')}>
              {t('delete')}
            </Button>
          )}
        </div>
      )}
      <section aria-labelledby="places">
        <h2 id="places" tabIndex={-1}>{stateOfPost(post)}</h2>
        <ul class="cards" aria-live="polite">
          {post.places.map((place) => (
            <Place key={place.account} post={post.id} place={place} held={held} />
          ))}
        </ul>
      </section>
      {!held && <Answers post={post} />}
      {asked.value === 'edit' && <Edit post={post} onClose={close} />}
      {asked.value === 'delete' && (
        <Confirm
          title={t('posts.delete')}
          text={t('posts.delete.text', { count: post.places.length })}
          yes={t('delete')}
          onYes={() => attempt(() => takeBackPost(post.id))}
          onClose={close}
        />
      )}
    </>
  )
}

/** Until it leaves it can be taken back, to be written anew. */
function Held({ post }: { readonly post: PostView }) {
  const rows = waiting.value.filter((row) => row.message === post.id)
  useEffect(() => {
    if (!waitingLoaded.value) void loadWaiting()
  }, [])
  const back = (): void =>
    attempt(async () => {
      await takeBackHeldPost(post.id)
      go('/posts/new')
    })
  return <HeldRows bare title={t('posts.held')} rows={rows} onBack={back} onGone={() => document.querySelector<HTMLElement>('#places')?.focus()} />
}

function Answers({ post }: { readonly post: PostView }) {
  return (
    <section aria-labelledby="answers">
      <h2 id="answers">{t('posts.answers', { count: post.answer_count })}</h2>
      {!post.answers.length && <p class="muted">{t('posts.no-answers')}</p>}
      <ul class="cards" aria-label={t('posts.answers.label')}>
        {post.answers.map((answer) => (
          <Said key={answer.id} answer={answer} />
        ))}
      </ul>
    </section>
  )
}

function Place(props: { readonly post: string; readonly place: PlaceView; readonly held: boolean }) {
  const { post, place, held } = props
  const bad = FAILED.has(place.state)
  return (
    <li>
      <div class="card-head">
        <Avatar name={nameOf(place.network)} network={place.network} />
        <div>
          <h3 class="network" data-network={place.network}>
            {nameOf(place.network)}
          </h3>
          <p>
            <bdi>{plain(place.display)}</bdi>
          </p>
        </div>
      </div>
      <p class={bad ? 'bad' : 'muted'}>
        <Icon name={bad ? 'circle-alert' : ['scheduled', 'queued', 'waiting'].includes(place.state) ? 'clock' : 'check'} /> {place.says || place.state}
      </p>
      {((bad && !held) || place.url.startsWith('https://')) && (
        <div class="actions">
          {bad && !held && <Button onClick={() => attempt(() => resendPost(post, place.account))}>{t('retry')}</Button>}
          {place.url.startsWith('https://') && (
            <a href={place.url} target="_blank" rel="noopener noreferrer">
              {t('post.original')}
            </a>
          )}
        </div>
      )}
    </li>
  )
}

function Said({ answer }: { readonly answer: MessageView }) {
  return (
    <li>
      <div class="card-head">
        <Avatar name={answer.author_name} network={answer.network} />
        <div>
          <p>{answer.mine ? <strong>{t('you')}</strong> : <Name of={answer.author_name} />}</p>
          <p class="network" data-network={answer.network}>
            {nameOf(answer.network)} <span class="muted">{dayTime(answer.wall_s)}</span>
          </p>
        </div>
      </div>
      <p dir="auto" class="said">
        {wordsOf(answer)}
      </p>
      <div class="actions">
        <Button icon="reply" onClick={() => (answering.value = answer)}>
          {t('reply')}
        </Button>
      </div>
    </li>
  )
}

function Edit({ post, onClose }: { readonly post: PostView; readonly onClose: () => void }) {
  const text = useSignal(post.text)
  const { busy, problem, run } = useDoing()
  const save = (): Promise<void> =>
    run(async () => {
      if (text.value.trim() && text.value !== post.text) await editPost(post.id, text.value.trim())
      note(t('posts.edited'))
      onClose()
    })
  return (
    <Dialog title={t('posts.edit')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <div class="field wide">
          <label for="post-edit">{t('compose.text')}</label>
          <textarea id="post-edit" rows={6} dir="auto" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
        </div>
        <p class="help">{t('posts.edit.text')}</p>
        {problem.value && <ErrorNote problem={problem.value} />}
        <Button type="submit" kind="main" disabled={busy.value || !text.value.trim()}>
          {t('save')}
        </Button>
      </form>
    </Dialog>
  )
}
