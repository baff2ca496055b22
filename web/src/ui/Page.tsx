import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { t } from '../text/t.ts'
import { Button } from './basics.tsx'
import { go } from '../router.ts'

/** A screen: its heading, which gets the focus when one comes to it, and what it holds. */
export function Page(props: {
  readonly title: string
  readonly back?: string
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  const { title, back } = props
  useEffect(() => {
    document.title = `${title} · swarmnode`
  }, [title])
  useEffect(() => heading.current?.focus(), [])
  return (
    <section class="page" aria-labelledby="page-title">
      <header>
        {back !== undefined && (
          <Button kind="quiet" class="back" icon="arrow-left" label={t('back')} onClick={() => go(back)} />
        )}
        <h1 id="page-title" tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {props.actions}
      </header>
      <div class="content">{props.children}</div>
    </section>
  )
}
