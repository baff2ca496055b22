/** Why an account is held to be somebody's, who can read along, and which way is closed: in plain words. */

import type { BookLinkView, WayView } from '../../api/types.gen.ts'
import { nameOf } from '../../state/networks.ts'
import { maybe, t } from '../../text/t.ts'

/** How a network is called; the node's own has none. */
export const networkName = (network: string): string => (network && network !== 'node' ? nameOf(network) : t('person.node'))

/** The address that people type there, or how the account is called. */
export const addressOf = (link: BookLinkView): string => link.handle || link.name || link.remote_id

export const causeOf = (cause: string): string => maybe(`cause.${cause}`) ?? cause

export function reasonOf({ reason, cause }: Pick<BookLinkView, 'reason' | 'cause'>): string {
  const said = maybe(`reason-link.${reason}`) ?? reason
  return cause && cause !== 'owner' ? `${said} (${causeOf(cause)})` : said
}

/** Who can read along on this way. */
export function readersOf({ network, privacy }: Pick<WayView, 'network' | 'privacy'>): string {
  if (!network || network === 'node') return t('way.private')
  const name = nameOf(network)
  return maybe(`trust.network.${privacy}`, { network: name }) ?? t('trust.network.', { network: name })
}

/** Why nothing can be said there at the moment; empty where it can. */
export function closedFor({ usable, why, healthy }: WayView): string {
  if (!usable) return maybe(`way.closed.${why}`) ?? t('way.closed.')
  return healthy ? '' : t('way.waits')
}
