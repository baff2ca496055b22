/** To be found: a link for one person, as a picture too; and to answer somebody else's. */

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { InviteView, ValuesLinkView } from '../../api/types.gen.ts'
import { chatPath, go } from '../../router.ts'
import { accept, contactOf, inspect, invite, invites, revoke } from '../../state/people.ts'
import { isRelay } from '../../state/relays.ts'
import { status } from '../../state/session.ts'
import { dayTime, maybe, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, ErrorNote, Field, Icon, Link } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { later } from '../../ui/later.tsx'
import { Page } from '../../ui/Page.tsx'
import { Qr } from '../../ui/Qr.tsx'
import { BeARelay, OwnRelay, UseRelay } from '../relays/UseRelay.tsx'

export function Invite() {
  const made = useSignal('')
  const { busy, problem, run } = useDoing()
  const shown = invites.value.find((known) => known.id === made.value)
  const open = invites.value.filter((known) => known.role === 'inviter' && isOpen(known) && known.id !== made.value)
  if (!status.value?.relays.length) return <NeedsRelay title={t('invite.title')} />
  return (
    <Page title={t('invite.title')} back="/">
      <p>{t('invite.text')}</p>
      {problem.value && <ErrorNote problem={problem.value} />}
      {shown ? (
        <Given invite={shown} />
      ) : (
        <Button
          kind="main"
          icon="user-plus"
          disabled={busy.value}
          onClick={() => void run(async () => (made.value = (await invite({ kind: 'one-time' })).id))}
        >
          {t('invite.make')}
        </Button>
      )}
      <p>
        <Link to="/accept">{t('accept.instead')}</Link>
      </p>
      {open.length > 0 && (
        <>
          <h2>{t('invite.open')}</h2>
          <ul class="cards">
            {open.map((known) => (
              <li key={known.id}>
                <p>
                  {stateOf(known)} <span class="muted">{t('invite.until', { at: dayTime(known.expires_at) })}</span>
                </p>
                <div class="actions">
                  <Button onClick={() => (made.value = known.id)}>{t('invite.show')}</Button>
                  <Button onClick={() => void run(() => revoke(known.id))}>{t('invite.revoke')}</Button>
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </Page>
  )
}

const ENDED = new Set(['confirmed', 'declined', 'expired', 'withdrawn'])
const isOpen = (known: InviteView): boolean => !ENDED.has(known.state)
const stateOf = (known: InviteView): string => maybe(`invite.state.${known.state}`) ?? known.state

function Given({ invite: given }: { readonly invite: InviteView }) {
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(given.link)
    note(t('copied'))
  }
  const contact = contactOf(given.contact)
  if (contact) {
    return (
      <p class="note good" role="status">
        <Icon name="check" />
        <Link to={chatPath(contact.chat)}>{t('invite.answered', { name: contact.name })}</Link>
      </p>
    )
  }
  return (
    <div class="given">
      <Qr text={given.link} label={t('invite.qr')} />
      <div>
        <Field label={t('invite.link')} name="link" value={given.link} readOnly onText={() => {}} />
        {'clipboard' in navigator && (
          <Button icon="copy" onClick={() => void copy()}>
            {t('copy')}
          </Button>
        )}
        <p class="help">{t('invite.secret', { at: dayTime(given.expires_at) })}</p>
        <p role="status">{stateOf(given)}</p>
      </div>
    </div>
  )
}

const Scan = later(async () => (await import('./Scan.tsx')).Scan)

export function Accept() {
  const text = useSignal('')
  const found = useSignal<ValuesLinkView | null>(null)
  const taken = useSignal('')
  const scanning = useSignal(false)
  const { busy, problem, run } = useDoing()
  const now = invites.value.find((known) => known.id === taken.value)
  const contact = now && contactOf(now.contact)
  useEffect(() => {
    if (contact?.standing === 'confirmed') go(chatPath(contact.chat), true)
  }, [contact?.standing])
  if (!status.value?.relays.length) return <NeedsRelay title={t('accept.title')} />
  const look = async (): Promise<void> => {
    const said = text.value.trim()
    if (found.value) taken.value = (await accept(said)).id
    else found.value = await inspect(said)
  }
  return (
    <Page title={t('accept.title')} back="/">
      <p>{t('accept.text')}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(look)
        }}
      >
        <Field
          label={t('accept.link')}
          help={t('accept.help')}
          name="link"
          value={text.value}
          onText={(said) => {
            text.value = said
            found.value = null
          }}
          autocomplete="off"
          exact
          required
        />
        {scanning.value ? (
          <Scan
            onClose={() => (scanning.value = false)}
            onText={(said) => {
              scanning.value = false
              text.value = said
              found.value = null
              void run(look)
            }}
          />
        ) : (
          !now && (
            <Button icon="scan-line" onClick={() => (scanning.value = true)}>
              {t('scan')}
            </Button>
          )
        )}
        {found.value && (
          <p class="note" role="status">
            {found.value.expired
              ? t('accept.expired')
              : t('accept.found', { relays: found.value.relays.join(', ') || t('accept.no-relay') })}
          </p>
        )}
        {problem.value && <ErrorNote problem={problem.value} />}
        {now ? (
          <p role="status" class="note">
            <Icon name="clock" /> {contact ? t('chat.pending') : stateOf(now)}
          </p>
        ) : (
          <Button type="submit" kind="main" disabled={busy.value || found.value?.expired}>
            {found.value ? t('accept.do') : t('continue')}
          </Button>
        )}
      </form>
    </Page>
  )
}

/** Without a relay nobody can reach this node: that comes first. */
function NeedsRelay({ title }: { readonly title: string }) {
  const used = (): void => note(t('relays.used'))
  return (
    <Page title={title} back="/">
      <h2>{t('start.relay')}</h2>
      <p>{t('relay.text')}</p>
      <UseRelay onDone={used} />
      {isRelay.value ? <OwnRelay onDone={used} /> : <BeARelay />}
    </Page>
  )
}
