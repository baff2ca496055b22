import { asError } from '../../api/errors.ts'
import { note } from '../../ui/Announcer.tsx'
import { explain } from '../../ui/basics.tsx'

/** Do it, and say so where it does not work. */
export function attempt(work: () => Promise<unknown>): void {
  work().catch((error: unknown) => {
    const { title, hint } = explain(asError(error))
    note(`${title} ${hint}`.trim(), true)
  })
}
