import type { FailureContext } from './details.ts'

const twice =
  'This server was started while the server before it still ran: what the application binds or locks must be there twice, and box.cfg.listen is nil while it loads.'

/** Says why a second server for one address can fail where the first one did not; undefined for any other server. */
export const standbyHint = ({ standby }: FailureContext): string | undefined =>
  standby && [twice, standby.advice].join(' ').trim()
