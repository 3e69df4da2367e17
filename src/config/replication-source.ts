import { isAbsolute } from 'node:path'
import { InvalidOptionError } from '../errors.ts'

// 3.x accepts parameters after a question mark.
const account = '(?:[^@/\\s]+@)?'
const host = '(?:\\[[\\da-fA-F:.%]+\\]|[^:@/?\\s[\\]]+)'
const pattern = new RegExp(
  `^${account}(?:unix/:[^\\s?]+|(?:${host}:)?(?<port>\\d+)|${host}:[a-zA-Z][\\w-]*)(?:\\?\\S*)?$`,
)

function isUri(text: string): boolean {
  const match = pattern.exec(text)
  const port = match?.groups?.port
  if (match) return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535)
  return isAbsolute(text)
}

/**
 * Refuses a text that is no URI, before a server would.
 *
 * @throws InvalidOptionError
 */
export function checkReplicationSource(source: string | readonly string[] | undefined): void {
  for (const text of source === undefined ? [] : [source].flat()) {
    if (isUri(text)) continue
    throw new InvalidOptionError(`option 'replicationSource' must be a URI, not ${JSON.stringify(text)}`, {
      hint: "Such as '127.0.0.1:3301', 'user:password@host:3301', 'unix/:/path/of.sock', or the uri of another instance.",
    })
  }
}
