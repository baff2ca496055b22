import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { t } from '../text/t.ts'
import { Button } from './basics.tsx'

/** A question in front of everything else. Esc and the cross close it, and the focus goes back to where it was. */
export function Dialog(props: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const opener = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (opener instanceof HTMLElement) opener.focus()
    }
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={props.onClose}>
      <header>
        <h2 id="dialog-title">{props.title}</h2>
        <Button kind="quiet" icon="x" label={t('close')} onClick={() => dialog.current?.close()} />
      </header>
      {props.children}
    </dialog>
  )
}

/** For what cannot be undone; the focus starts on the harmless button. */
export function Confirm(props: {
  readonly title: string
  readonly text: string
  readonly yes: string
  readonly onYes: () => void
  readonly onClose: () => void
}) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.text}</p>
      <div class="actions">
        <Button autofocus onClick={props.onClose}>
          {t('cancel')}
        </Button>
        <Button
          kind="bad"
          onClick={() => {
            props.onYes()
            props.onClose()
          }}
        >
          {props.yes}
        </Button>
      </div>
    </Dialog>
  )
}
