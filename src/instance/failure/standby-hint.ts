import type { FailureContext } from './details.ts'

const twice =
  'This server was started while the server before it still ran: what the application binds or locks must be there twice, and box.cfg.listen is nil while it loads.'

/** Explains why a second server for an address can fail if the first did not. Undefined for any other server. */
export const standbyHint = ({ standby }: FailureContext): string | undefined =>
  standby && [twice, standby.advice].join(' ').trim()
