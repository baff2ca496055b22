/** The key of a message's row: the one under which it was sent from here, so that it stays one row at the node. */

const sentAs = new Map<string, string>()

/** The node has taken what was sent under this key. */
export const taken = (id: string, key: string): void => void sentAs.set(id, key)

export const rowOf = (id: string): string => sentAs.get(id) ?? id

/** What is not among the messages yet. */
export function notAmong<T extends { readonly key: string }>(
  messages: readonly { readonly id: string }[],
  unsent: readonly T[],
): readonly T[] {
  const rows = new Set(messages.map(({ id }) => rowOf(id)))
  return unsent.filter(({ key }) => !rows.has(key))
}
