// A post takes the focus, so that posts can be read with keys; what can be done stands below it as buttons.
/* oxlint-disable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex */

import { useSignal } from '@preact/signals'

import type { AttachmentView, MessageView } from '../../api/types.gen.ts'
import { chatPath } from '../../router.ts'
import { nameOf } from '../../state/networks.ts'
import { canDo, mark, opened, toggleOpened } from '../../state/timeline.ts'
import { dayTime, maybe, short, t, wordsOf } from '../../text/t.ts'
import { Avatar, Button, Icon, Link, Name, plain } from '../../ui/basics.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Picture } from '../../ui/Picture.tsx'
import type { IconName } from '../../ui/icons.ts'
import { laterMore } from '../../ui/later.tsx'
import { attempt } from '../chat/attempt.ts'
import { stateOf } from '../chat/Message.tsx'
import { Poll } from '../chat/Poll.tsx'
import { answering } from './Answer.tsx'

const Forward = laterMore(async () => (await import('../chat/Forward.tsx')).Forward)
const MARKS: readonly (readonly [string, IconName])[] = [
  ['boost', 'repeat-2'],
  ['favourite', 'star'],
  ['bookmark', 'bookmark'],
]

interface PostProps {
  readonly post: MessageView
  readonly at: number
  readonly active: boolean
  readonly onActive: () => void
}

/** One post, with its warning folded over it. */
export function Post({ post, at, active, onActive }: PostProps) {
  const name = post.mine ? t('you') : plain(post.author_name)
  const network = nameOf(post.network)
  const warned = post.sensitive || post.title !== ''
  const shown = !warned || opened.value.has(post.id)
  return (
    <article
      class="post"
      aria-label={[name, network, short(post.wall_s)].join(', ')}
      data-at={at}
      tabIndex={active ? 0 : -1}
      onFocus={onActive}
    >
      {post.shared_by && (
        <p class="shared">
          <Icon name="repeat-2" /> {t('post.shared', { name: plain(post.shared_by) })}
        </p>
      )}
      <header>
        <Avatar name={post.author_name} network={post.network} />
        <p>
          {post.mine ? <strong>{t('you')}</strong> : <Name of={post.author_name} />}
          <small>
            <span class="network" data-network={post.network}>
              {network}
            </span>{' '}
            <bdi>{plain(post.author_handle)}</bdi>
          </small>
        </p>
        <Link to={chatPath(post.chat, post.id)} class="when" title={dayTime(post.wall_s)}>
          {short(post.wall_s)}
        </Link>
      </header>
      {post.reply_to && (
        <p class="answers">
          <Link to={chatPath(post.chat, post.reply_to)}>{t('post.answers')}</Link>
        </p>
      )}
      {warned && (
        <p class="warning">
          <span>
            <strong dir="auto">{post.title || t('post.sensitive')}</strong>
          </span>
          <Button aria-expanded={shown} onClick={() => toggleOpened(post.id)}>
            {t(shown ? 'post.hide' : 'post.show')}
          </Button>
        </p>
      )}
      {shown && <Said post={post} />}
      {post.mine && stateOf(post) && <p class="foot">{stateOf(post)}</p>}
      <Actions post={post} />
    </article>
  )
}

function Said({ post }: { readonly post: MessageView }) {
  return (
    <>
      {post.text && (
        <p class="said" dir="auto">
          {wordsOf(post)}
        </p>
      )}
      {post.kind === 'unreadable' && <p class="muted">{t('message.unreadable')}</p>}
      {post.poll && <Poll message={post} poll={post.poll} />}
      {post.attachments.length > 0 && (
        <ul class="pictures">
          {post.attachments.map((file, index) => (
            <li key={index}>
              <File post={post} file={file} index={index} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** A picture, through the node; what is none, or cannot be shown, can be saved. */
function File({ post, file, index }: { readonly post: MessageView; readonly file: AttachmentView; readonly index: number }) {
  const large = useSignal(false)
  const broken = useSignal(false)
  const source = `/api/v1/messages/${post.id}/attachments/${index}`
  if (!file.media_type.startsWith('image/') || broken.value) {
    return (
      <a class="file" href={source} download>
        <bdi>{file.name || t('post.file')}</bdi>
        {file.description && <small dir="auto">{file.description}</small>}
      </a>
    )
  }
  const described = file.description || t('post.undescribed')
  return (
    <>
      <Picture
        source={source}
        mediaType={file.media_type}
        alt={described}
        label={t('post.enlarge', { text: described })}
        onLarge={() => (large.value = true)}
        onError={() => (broken.value = true)}
      >
        {!file.description && <small aria-hidden="true">{t('post.undescribed')}</small>}
      </Picture>
      {large.value && (
        <Dialog title={t('post.picture')} onClose={() => (large.value = false)}>
          <Picture source={source} mediaType={file.media_type} alt={described} class="large" onError={() => (broken.value = true)} />
          <p dir="auto">{described}</p>
          <a href={source} download>
            {t('save')}
          </a>
        </Dialog>
      )}
    </>
  )
}

function Actions({ post }: { readonly post: MessageView }) {
  const passing = useSignal(false)
  return (
    <div class="post-actions">
      {canDo('reply', post) && (
        <Button kind="quiet" icon="reply" label={t('reply')} onClick={() => (answering.value = post)} />
      )}
      {MARKS.filter(([name]) => canDo(name, post)).map(([name, icon]) => (
        <Button
          key={name}
          kind="quiet"
          icon={icon}
          label={maybe(`post.${name}`) ?? name}
          aria-pressed={post.marks.includes(name)}
          onClick={() => attempt(() => mark(post, name))}
        />
      ))}
      {post.kind === 'text' && post.text && (
        <Button kind="quiet" icon="forward" label={t('forward')} onClick={() => (passing.value = true)} />
      )}
      {passing.value && <Forward message={post} onClose={() => (passing.value = false)} />}
      {post.doing.length > 0 && <span class="muted">{t('message.doing')}</span>}
      {post.url.startsWith('https://') && (
        <a href={post.url} target="_blank" rel="noopener noreferrer" class="original">
          {t('post.original')}
        </a>
      )}
    </div>
  )
}
