/** A window of a conversation, and how what is fetched anew joins what is shown. */

interface Row {
  readonly id: string
}

/**
 * What is shown with what was fetched, which goes to the end; null where more has to be fetched before. `begins` says
 * that what is shown goes back to the beginning; `whole` asks for all of it anew.
 */
export function join<T extends Row>(
  shown: readonly T[],
  fetched: readonly T[],
  { begins, whole }: { readonly begins: boolean; readonly whole: boolean },
): readonly T[] | null {
  const places = new Map(shown.map((row, at) => [row.id, at]))
  const at = fetched.findIndex((row) => places.has(row.id))
  const joint = places.get(fetched[at]?.id ?? '')
  if (joint === undefined) return null
  if (joint === 0) return begins ? fetched : fetched.slice(at)
  if (at > 0 || whole) return null
  const ids = new Set(fetched.map((row) => row.id))
  return [...shown.slice(0, joint).filter((row) => !ids.has(row.id)), ...fetched]
}
