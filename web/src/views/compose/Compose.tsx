import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import { UNREACHABLE } from '../../api/errors.ts'
import { link } from '../../api/live.ts'
import { go, postPath } from '../../router.ts'
import { accounts, networksLoaded } from '../../state/networks.ts'
import {
  fits, fitsLoaded, going, openWriting, post, posted, posting, postTrouble, previewTrouble, refusing, stopWaiting, undescribed,
  type Visibility, write, writing,
} from '../../state/posts.ts'
import { undoS } from '../../state/settings.ts'
import { dayTime, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, Empty, ErrorNote, Field, Icon, Link, Toggle, Waiting } from '../../ui/basics.tsx'
import { Page } from '../../ui/Page.tsx'
import { SendLater } from '../chat/SendLater.tsx'
import { Fits } from './Fits.tsx'
import { Pictures } from './Pictures.tsx'

const VISIBILITIES: readonly Visibility[] = ['', 'public', 'unlisted', 'followers']

/** A post for several networks, with what would stand on each. */
export function Compose() {
  const asked = useSignal(false)
  const waits = postTrouble.value?.code === UNREACHABLE
  useEffect(() => {
    if (networksLoaded.value) void openWriting()
  }, [networksLoaded.value, accounts.value.length])
  useSignalEffect(() => {
    if (!undescribed.value.length) asked.value = false
  })
  const nothing = useComputed(() => !writing.value.text.trim() && !writing.value.files.length)
  const ready = going.value.length > 0 && !nothing.value && !posting.value
  const later = useSignal(false)
  /** Whether all pictures are described, or it is to go without. */
  const described = (): boolean => {
    if (!undescribed.value.length || asked.value) return true
    asked.value = true
    document.querySelector<HTMLElement>('[data-undescribed]')?.focus()
    return false
  }
  const submit = async (at = 0): Promise<void> => {
    if (ready && described()) await post(at)
  }
  useSignalEffect(() => {
    const made = posted.value
    if (!made) return
    posted.value = null
    const seconds = Math.max(0, made.send_at - made.wall_s)
    if (made.state !== 'scheduled') note(t('compose.posted', { count: made.places.length }))
    else if (seconds > Number(undoS.value) + 1) note(t('held.at', { at: dayTime(made.send_at) }))
    else note(t('held.said', { seconds }))
    go(postPath(made.id))
  })
  if (fitsLoaded.value && !fits.value.length) {
    return (
      <Page title={t('compose.title')} back="/timeline">
        <Empty icon="square-pen" title={t('compose.none')}>
          <p>{t('compose.none.text')}</p>
          <Link to="/networks" class="button main">
            <Icon name="network" /> {t('networks.add')}
          </Link>
        </Empty>
      </Page>
    )
  }
  return (
    <Page title={t('compose.title')} back="/timeline">
      <form
        class="post-form"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <fieldset disabled={waits || posting.value} class="fields">
          <div class="field wide">
            <label for="post-text">{t('compose.text')}</label>
            <textarea
              id="post-text"
              rows={6}
              dir="auto"
              maxLength={16_384}
              value={writing.value.text}
              onInput={(event) => write({ text: event.currentTarget.value })}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
                event.preventDefault()
                void submit()
              }}
            />
          </div>
          <Pictures />
          <Options />
        </fieldset>
        {previewTrouble.value && <ErrorNote problem={previewTrouble.value} onRetry={() => void openWriting()} />}
        {fitsLoaded.value ? <Fits empty={nothing.value} /> : !previewTrouble.value && <Waiting label={t('loading')} rows={2} />}
        {asked.value && (
          <p class="note" role="alert">
            <Icon name="image-off" /> {t('compose.undescribed', { count: undescribed.value.length })}
          </p>
        )}
        {waits ? (
          <div class="note" role="status">
            <Icon name="clock" />
            <div>
              <p>{t('compose.waits')}</p>
            </div>
            <Button onClick={() => void submit()}>{t('retry')}</Button>
            <Button onClick={stopWaiting}>{t('compose.go-on')}</Button>
          </div>
        ) : (
          postTrouble.value && <ErrorNote problem={postTrouble.value} />
        )}
        {!waits && (
          <div class="post-end">
            <Button type="submit" kind="main" icon="send" disabled={!ready}>
              {asked.value ? t('compose.anyway') : t('compose.do', { count: going.value.length })}
            </Button>
            <Button icon="clock" disabled={!ready} onClick={() => (later.value = described())}>
              {t('compose.later')}
            </Button>
            <p role="status" class="help">
              {link.value === 'down' ? t('offline') : !nothing.value && summary()}
            </p>
          </div>
        )}
      </form>
      {later.value && (
        <SendLater
          onClose={() => (later.value = false)}
          onTime={(at) => {
            later.value = false
            void submit(at)
          }}
        />
      )}
    </Page>
  )
}

/** Where it goes, and where not. */
function summary(): string {
  const open = going.value.filter((fit) => fit.visibility !== 'followers').length
  const readers = going.value.length ? t(open ? 'compose.anybody' : 'compose.followers') : ''
  const not = refusing.value.map((fit) => fit.display).join(', ')
  return [readers, not && t('compose.refusing', { names: not })].filter(Boolean).join(' ')
}

function Options() {
  const { title, visibility, more, leaveOut, files } = writing.value
  const threads = fits.value.some((fit) => fit.pieces.length > 1) || more !== ''
  return (
    <details open={Boolean(title || visibility || more)}>
      <summary>{t('compose.options')}</summary>
      <Field
        label={t('compose.warning')}
        help={t('compose.warning.help')}
        name="post-title"
        value={title}
        onText={(text) => write({ title: text })}
        maxLength={500}
        autocomplete="off"
      />
      <div class="field">
        <label for="visibility">{t('compose.visibility')}</label>
        <select
          id="visibility"
          value={visibility}
          onChange={(event) => write({ visibility: event.currentTarget.value as Visibility })}
        >
          {VISIBILITIES.map((one) => (
            <option key={one} value={one}>
              {t(`visibility.${one}`)}
            </option>
          ))}
        </select>
      </div>
      {threads && (
        <Field
          label={t('compose.more')}
          help={t('compose.more.help')}
          name="post-more"
          type="url"
          value={more}
          onText={(text) => write({ more: text })}
          autocomplete="off"
          exact
        />
      )}
      {files.length > 0 && (
        <Toggle label={t('compose.leave-out')} on={leaveOut} onChange={(on) => write({ leaveOut: on })} />
      )}
    </details>
  )
}
