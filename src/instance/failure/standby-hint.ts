import type { FailureContext } from './details.ts'

const twice =
  'This server started while the previous server still ran. The application must be able to bind and lock its resources twice, and box.cfg.listen is nil while it loads.'

/** Explains why a second server for an address can fail if the first did not. Undefined for any other server. */
export const standbyHint = ({ standby }: FailureContext): string | undefined =>
  standby && [twice, standby.advice].join(' ').trim()
