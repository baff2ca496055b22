import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

import { ApiError, UNREACHABLE } from '../api/errors.ts'
import { moreTexts, t } from '../text/t.ts'
import { ErrorNote, Waiting } from './basics.tsx'

/** A screen whose code is fetched when it is first shown, so that the first page comes fast. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let there: ComponentType<P> | undefined
  return function Later(props: P) {
    const [Screen, setScreen] = useState(() => there)
    const [failed, setFailed] = useState(false)
    useEffect(() => {
      if (Screen || failed) return
      load().then(
        (loaded) => {
          there = loaded
          setScreen(() => loaded)
        },
        () => setFailed(true),
      )
    }, [Screen, failed])
    if (Screen) return <Screen {...props} />
    if (!failed) return <Waiting label={t('loading')} />
    const problem = new ApiError({ code: UNREACHABLE, detail: 'The node does not answer.' })
    return <ErrorNote problem={problem} onRetry={() => setFailed(false)} />
  }
}

/** A screen whose texts, too, are fetched when it is first shown. */
export const laterMore = <P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> =>
  later(async () => (await Promise.all([load(), moreTexts()]))[0])
