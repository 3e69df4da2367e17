import { ProtocolError } from '../errors.ts'

/** The maximum size of a server's reply: 256 MB. */
export const maxReplySize: number = 256 * 2 ** 20

/** The error of a reply that exceeds the limit. */
export function replyTooBig(instance: string, limit: number): ProtocolError {
  return new ProtocolError(`${instance} sent a reply of more than ${limit / 2 ** 20} MB, which is the limit`, {
    instance,
    hint: 'Request the values in parts, or compute in Lua what the test compares.',
  })
}
