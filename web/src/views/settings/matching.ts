/** Finding in a list with groups. */

const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

interface Found {
  readonly title: string
  readonly entries: readonly { readonly words: string }[]
}

/** Groups with those of their entries that have every word, in the group's title or in their own words. */
export function matching<G extends Found>(groups: readonly G[], typed: string): readonly G[] {
  const words = folded(typed).split(/\s+/).filter(Boolean)
  if (!words.length) return groups
  return groups
    .map((group) => ({
      ...group,
      entries: group.entries.filter((entry) => {
        const text = folded(`${group.title} ${entry.words}`)
        return words.every((word) => text.includes(word))
      }),
    }))
    .filter((group) => group.entries.length)
}
