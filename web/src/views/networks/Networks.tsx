import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { AccountView, NetworkView } from '../../api/types.gen.ts'
import { chatPath, go, settlePath } from '../../router.ts'
import * as state from '../../state/networks.ts'
import { loadOwnProofs } from '../../state/proofs.ts'
import { t } from '../../text/t.ts'
import { Avatar, Badge, Button, Empty, ErrorNote, Field, Icon, Link, plain, Toggle, Waiting } from '../../ui/basics.tsx'
import { Confirm } from '../../ui/Dialog.tsx'
import { useDoing } from '../../ui/form.ts'
import { Page } from '../../ui/Page.tsx'
import { attempt } from '../chat/attempt.ts'
import { OwnProof } from './OwnProof.tsx'

/** Accounts on other networks, how each is, and which can be added. */
export function Networks() {
  const { accounts, networks, networksLoaded, networksTrouble } = state
  useEffect(() => {
    void loadOwnProofs()
  }, [])
  return (
    <Page title={t('networks.title')}>
      <p class="help">{t('networks.text')}</p>
      {networksTrouble.value && <ErrorNote problem={networksTrouble.value} onRetry={() => void state.loadNetworks()} />}
      {!networksLoaded.value && !networksTrouble.value && <Waiting label={t('loading')} />}
      {accounts.value.length > 0 && (
        <>
          <h2>{t('networks.yours')}</h2>
          <ul class="cards">{accounts.value.map((account) => <Account key={account.id} account={account} />)}</ul>
        </>
      )}
      {networksLoaded.value && (
        <>
          <h2>{t('networks.add')}</h2>
          {networks.value.length ? (
            <ul class="cards">{networks.value.map((network) => <Network key={network.id} network={network} />)}</ul>
          ) : (
            <Empty icon="network" title={t('networks.none')} />
          )}
        </>
      )}
    </Page>
  )
}

function Account({ account }: { readonly account: AccountView }) {
  const removing = useSignal(false)
  const bad = account.notice !== ''
  return (
    <li>
      <div class="card-head">
        <Avatar name={account.network_name} network={account.network} />
        <div>
          <h3>
            <bdi>{account.display}</bdi>
          </h3>
          <p class="network" data-network={account.network}>
            {account.network_name}
          </p>
        </div>
      </div>
      <p class={bad ? 'warn' : account.state === 'connected' ? 'good' : 'muted'}>
        {bad && <Icon name="circle-alert" />} {account.says}
      </p>
      {account.waiting > 0 && <p class="muted">{t('networks.waiting', { count: account.waiting })}</p>}
      {account.matters.map((matter) => (
        <p key={matter.id} class={matter.pressing ? 'warn' : ''}>
          <Link to={settlePath(account.id, matter.id)}>{plain(matter.title)}</Link>
        </p>
      ))}
      <div class="actions">
        {account.way_out === 'log-in' && (
          <Link to={`/networks/login/${account.id}`} class="button main">
            {t('networks.log-in')}
          </Link>
        )}
        {account.paused || account.way_out === 'resume' ? (
          <Button onClick={() => attempt(() => state.resume(account.id))}>{t('networks.resume')}</Button>
        ) : (
          <Button onClick={() => attempt(() => state.pause(account.id))}>{t('networks.pause')}</Button>
        )}
        <Button onClick={() => (removing.value = true)}>{t('networks.remove')}</Button>
      </div>
      <OwnProof account={account} />
      {!account.paused && <Write account={account} />}
      {removing.value && (
        <Confirm
          title={t('networks.remove.title', { name: account.display })}
          text={t('networks.remove.text')}
          yes={t('networks.remove')}
          onYes={() => attempt(() => state.removeAccount(account.id))}
          onClose={() => (removing.value = false)}
        />
      )}
    </li>
  )
}

/** To write to somebody who is not in the inbox yet, or to go into a room. */
function Write({ account }: { readonly account: AccountView }) {
  const address = useSignal('')
  const room = useSignal(false)
  const { busy, problem, run } = useDoing()
  return (
    <details>
      <summary>{t('networks.write')}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run(async () => go(chatPath((await state.openAt(account.id, address.value.trim(), room.value)).id)))
        }}
      >
        <Field
          label={t('networks.address')}
          name={`address-${account.id}`}
          value={address.value}
          onText={(text) => (address.value = text)}
          autocomplete="off"
          required
        />
        <Toggle label={t('networks.room')} on={room.value} onChange={(on) => (room.value = on)} />
        {problem.value && <ErrorNote problem={problem.value} />}
        <Button type="submit" disabled={busy.value}>
          {t('networks.write.do')}
        </Button>
      </form>
    </details>
  )
}

function Network({ network }: { readonly network: NetworkView }) {
  return (
    <li>
      <div class="card-head">
        <Avatar name={network.name} network={network.id} />
        <div>
          <h3>{network.name}</h3>
          {network.summary && <p class="muted">{network.summary}</p>}
        </div>
      </div>
      {network.problem ? (
        <p class="warn">
          {network.problem} {network.hint}
        </p>
      ) : (
        <div class="actions">
          <Link to={`/networks/add/${network.id}`} class="button plain" aria-label={t('networks.add.one', { network: network.name })}>
            <Icon name="plus" /> {t('add')}
          </Link>
          {network.quarantined && <Badge kind="warn">{t('networks.rests')}</Badge>}
        </div>
      )}
    </li>
  )
}
