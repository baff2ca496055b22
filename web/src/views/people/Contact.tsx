/** Somebody's node: whether it is really them, what has changed about their keys, and how to be rid of them. */

import { useSignal } from '@preact/signals'

import type { ContactView } from '../../api/types.gen.ts'
import { go } from '../../router.ts'
import { block, removeContact, trustAgain } from '../../state/people.ts'
import { maybe, t } from '../../text/t.ts'
import { note } from '../../ui/Announcer.tsx'
import { Button, Icon, plain } from '../../ui/basics.tsx'
import { Confirm } from '../../ui/Dialog.tsx'
import { attempt } from '../chat/attempt.ts'
import { Check } from './Check.tsx'

type Asked = 'check' | 'remove' | 'go-on' | null

export function Contact({ contact }: { readonly contact: ContactView }) {
  const asked = useSignal<Asked>(null)
  const close = (): void => {
    asked.value = null
  }
  const { standing } = contact
  const name = plain(contact.name)
  return (
    <>
      {standing === 'key-alert' ? (
        <Alert contact={contact} onAsk={(what) => (asked.value = what)} />
      ) : (
        <p class={standing === 'verified' ? 'good' : 'muted'}>
          {maybe(`standing.${standing}`) ?? standing}
          {contact.nodes > 1 && ` · ${t('contact.nodes', { count: contact.nodes })}`}
        </p>
      )}
      {contact.single_relay && <p class="help">{t('contact.one-relay')}</p>}
      <p class="inlines">
        {standing !== 'pending' && standing !== 'key-alert' && (
          <button type="button" class="inline" onClick={() => (asked.value = 'check')}>
            {t('check.person')}
          </button>
        )}{' '}
        <button type="button" class="inline" onClick={() => attempt(() => blockOrNot(contact))}>
          {t(standing === 'blocked' ? 'person.unblock' : 'person.block')}
        </button>{' '}
        <button type="button" class="inline" onClick={() => (asked.value = 'remove')}>
          {t('contact.remove')}
        </button>
      </p>
      {asked.value === 'check' && <Check contact={contact} onClose={close} />}
      {asked.value === 'remove' && (
        <Confirm
          title={t('contact.remove.title', { name })}
          text={t('contact.remove.text', { name })}
          yes={t('contact.remove')}
          onYes={() => attempt(() => remove(contact))}
          onClose={close}
        />
      )}
      {asked.value === 'go-on' && (
        <Confirm
          title={t('contact.go-on.title')}
          text={t('contact.go-on.text', { name })}
          yes={t('contact.go-on')}
          onYes={() => attempt(() => goOn(contact))}
          onClose={close}
        />
      )}
    </>
  )
}

/** What has changed, and the ways on. */
function Alert({ contact, onAsk }: { readonly contact: ContactView; readonly onAsk: (what: Asked) => void }) {
  const name = plain(contact.name)
  return (
    <div class="note bad">
      <Icon name="circle-alert" />
      <div class="grow">
        <p>{t('contact.alert.text', { name })}</p>
        {contact.alerts.length > 0 && (
          <>
            <p>{t('contact.changed')}</p>
            <ul class="moves">
              {contact.alerts.map((kind) => (
                <li key={kind}>{maybe(`alert.${kind}`, { name }) ?? kind}</li>
              ))}
            </ul>
          </>
        )}
        <div class="actions">
          <Button kind="main" onClick={() => onAsk('check')}>
            {t('check.person')}
          </Button>
          <Button onClick={() => onAsk('go-on')}>{t('contact.go-on')}</Button>
        </div>
      </div>
    </div>
  )
}

/** Done at once, with a way back. */
async function blockOrNot(contact: ContactView): Promise<void> {
  const on = contact.standing !== 'blocked'
  const name = plain(contact.name)
  await block(contact.id, on)
  note(t(on ? 'person.blocked' : 'person.unblocked', { name }), false, () => block(contact.id, !on))
}

async function remove(contact: ContactView): Promise<void> {
  await removeContact(contact.id)
  go('/people')
  note(t('contact.removed', { name: plain(contact.name) }))
}

async function goOn(contact: ContactView): Promise<void> {
  await trustAgain(contact.id)
  note(t('contact.went-on', { name: plain(contact.name) }))
}
