import { InvalidOptionError } from '../errors.ts'

/** Options that keep a server from having links. */
interface Place {
  readonly docker?: object | undefined
  readonly host?: string | undefined
}

/**
 * Makes the error of a link that does not exist, because nothing asked for links, or because the server cannot have them.
 *
 * @param how the option that gives links
 * @param place the server's options that can keep it from having links
 * @param whom the server or cluster that takes the option, in words. Default: it
 */
export function noLinks(server: string, how: string, { docker, host }: Place = {}, whom = 'it'): InvalidOptionError {
  if (docker) {
    return new InvalidOptionError(`${server} has no links, because it runs in a container`, {
      hint: "Only servers of this machine have links: leave out the option 'docker', and use links: true.",
    })
  }
  const isSocket = host === 'unix/'
  return new InvalidOptionError(`${server} has no links, because it was started without the option 'links'`, {
    hint: isSocket ? `Give it an address of TCP, and the option: ${how}.` : `Give ${whom} the option: ${how}.`,
  })
}
