/**
 * One text from two screens. `base` is what both had before, `mine` and `theirs` what they have now. What only one of
 * them changed is taken; where both did, one is put into the other, or they stand below each other: nothing is lost.
 */
export function merge(base: string, mine: string, theirs: string): string {
  if (mine === theirs || theirs === base) return mine
  if (mine === base || theirs.includes(mine)) return theirs
  if (mine.includes(theirs)) return mine
  if (base && theirs.includes(base)) return theirs.replace(base, () => mine)
  if (base && mine.includes(base)) return mine.replace(base, () => theirs)
  return `${theirs}\n${mine}`
}
