/**
 * The node answers and tells over different connections, and answers pass each other by. So what belongs together is
 * looked at in rounds, one after the other: no answer takes the place of one that knows more, and what is heard of
 * while a round runs is looked at in the next.
 */

export interface Rounds {
  /** Look at this, in a round that begins after this call; done when that is over. */
  readonly now: (what?: string) => Promise<void>
  /** It may be another now: look at it in a moment, with all else that is. Before the first `now` nobody cares. */
  readonly again: (what?: string) => void
}

/** `look` is given all that is wanted in a round, and keeps its problems to itself. */
export function rounds(look: (what: readonly string[]) => Promise<unknown>, togetherMs = 60): Rounds {
  const wanted = new Set<string>()
  let last: Promise<void> | undefined
  let next: Promise<void> | undefined
  let timer = 0
  const round = async (): Promise<void> => {
    next = undefined
    const what = [...wanted]
    wanted.clear()
    await look(what)
  }
  const begin = (): Promise<void> => (next ??= last = (last ?? Promise.resolve()).then(round, round))
  return {
    now: (what = '') => {
      wanted.add(what)
      return begin()
    },
    again: (what = '') => {
      if (!last) return
      wanted.add(what)
      timer ||= window.setTimeout(() => {
        timer = 0
        if (wanted.size) void begin()
      }, togetherMs)
    },
  }
}

/**
 * A round that has loads by their names, one after the other in the order of `loads`, and looks at all else that is
 * wanted by its id. Nothing is begun any more when what it is about is closed.
 */
export const inTurn =
  (loads: Readonly<Record<string, () => unknown>>, lookAt: (id: string) => unknown, isOpen = (): boolean => true) =>
  async (what: readonly string[]): Promise<void> => {
    for (const name in loads) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (what.includes(name) && isOpen()) await loads[name]?.()
    }
    if (isOpen()) await Promise.all(what.filter((id) => !(id in loads)).map(lookAt))
  }
