/** To get a relay: the link of one, typed or scanned; the one of this machine; or how this machine becomes one. */

import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'

import { useOwn, useRelay } from '../../state/relays.ts'
import { t } from '../../text/t.ts'
import { Button, ErrorNote, Field } from '../../ui/basics.tsx'
import { useDoing } from '../../ui/form.ts'
import { later } from '../../ui/later.tsx'

const Scan = later(async () => (await import('../people/Scan.tsx')).Scan)

export function UseRelay({ onDone, beside }: { readonly onDone: () => void; readonly beside?: ComponentChildren }) {
  const link = useSignal('')
  const scanning = useSignal(false)
  const { busy, problem, run } = useDoing()
  const use = (): Promise<void> =>
    run(async () => {
      await useRelay(link.value.trim())
      link.value = ''
      onDone()
    })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void use()
      }}
    >
      <Field
        label={t('relay.link')}
        help={t('relay.help')}
        name="relay"
        value={link.value}
        onText={(text) => (link.value = text)}
        autocomplete="off"
        exact
        required
      />
      {scanning.value ? (
        <Scan
          onClose={() => (scanning.value = false)}
          onText={(said) => {
            scanning.value = false
            link.value = said
          }}
        />
      ) : (
        <Button icon="scan-line" onClick={() => (scanning.value = true)}>
          {t('scan')}
        </Button>
      )}
      {problem.value && <ErrorNote problem={problem.value} />}
      <div class="actions">
        {beside}
        <Button type="submit" kind="main" disabled={busy.value}>
          {t('relay.use')}
        </Button>
      </div>
    </form>
  )
}

/** Where this node is a relay itself. */
export function OwnRelay({ onDone }: { readonly onDone: () => void }) {
  const { busy, problem, run } = useDoing()
  const use = async (): Promise<void> => {
    await useOwn()
    onDone()
  }
  return (
    <>
      <p>{t('relays.own.text')}</p>
      {problem.value && <ErrorNote problem={problem.value} />}
      <Button icon="server" disabled={busy.value} onClick={() => void run(use)}>
        {t('relays.own')}
      </Button>
    </>
  )
}

/** Where it is none: how it becomes one. */
export const BeARelay = () => (
  <details>
    <summary>{t('relays.be')}</summary>
    <p>{t('relays.be.text')}</p>
    <pre>swarmnode run --role node --role relay</pre>
    <p>{t('relays.be.then')}</p>
  </details>
)
