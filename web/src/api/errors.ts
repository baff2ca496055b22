import type { ErrorView, WayChoice } from './types.gen.ts'

/** The node said no. `code` is for programs; the page shows a text for it, or the node's own hint. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly hint: string
  readonly where: string
  /** Seconds after which it may work; 0 if the node does not say. */
  readonly retryAfter: number
  /** Ways to a person, one of which the owner has to choose. */
  readonly choices: readonly WayChoice[]

  constructor(view: ErrorView) {
    super(view.detail)
    this.code = view.code
    this.hint = view.hint ?? ''
    this.where = view.where ?? ''
    this.retryAfter = view.retry_after ?? 0
    this.choices = view.choices ?? []
  }
}

/** Nobody answered: the node is down or the network is. What was asked may or may not have been done. */
export const UNREACHABLE = 'unreachable'

export function asError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError({ code: 'internal', detail: error instanceof Error ? error.message : String(error) })
}
