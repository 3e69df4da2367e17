import { createHash } from 'node:crypto'

/** The authentication method that servers of every version support. */
export const chapSha1 = 'chap-sha1'

/**
 * The proof that the client knows the password, for the salt of this connection (base64): 20 bytes.
 *
 * @see https://www.tarantool.io/en/doc/latest/reference/internals/iproto/authentication/
 */
export function scramble(salt: string, password: string): Uint8Array {
  const hash = sha1(password)
  const proof = sha1(Buffer.from(salt, 'base64').subarray(0, 20), sha1(hash))
  return hash.map((byte, i) => byte ^ (proof[i] ?? 0))
}

function sha1(...parts: (string | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
