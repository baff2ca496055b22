import { useSignal } from '@preact/signals'

import { type ApiError, asError } from '../api/errors.ts'

/** One thing that is being done: whether it is, and what went wrong. A second call while it runs does nothing. */
export function useDoing() {
  const busy = useSignal(false)
  const problem = useSignal<ApiError | null>(null)
  const run = async (work: () => Promise<unknown>): Promise<void> => {
    if (busy.value) return
    busy.value = true
    problem.value = null
    try {
      await work()
    } catch (error) {
      problem.value = asError(error)
    } finally {
      busy.value = false
    }
  }
  return { busy, problem, run }
}
