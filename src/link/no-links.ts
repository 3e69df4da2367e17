import { InvalidOptionError } from '../errors.ts'

/** Makes the error of a link that does not exist, because nothing asked for links. */
export const noLinks = (server: string, how: string): InvalidOptionError =>
  new InvalidOptionError(`${server} has no link`, { hint: `Give it the option: ${how}.` })
