import TarantoolConnection from 'tarantool-driver'

// user:password@host:port, the same form as in production.
function parseUri(uri: string): { host: string; port: number; username: string; password: string } {
  const { hostname, port, username, password } = new URL(`tarantool://${uri}`)
  return { host: hostname, port: Number(port), username, password }
}

const connection = new TarantoolConnection({
  ...parseUri(process.env.TARANTOOL_URI ?? '127.0.0.1:3301'),
  lazyConnect: true,
})

/** Keeps a value for some seconds. */
export async function setCached(key: string, value: unknown, seconds: number): Promise<void> {
  await connection.call('cache_set', key, value, seconds)
}

/** The value, if it has not expired. */
export async function getCached(key: string): Promise<unknown> {
  const [entry] = await connection.call('cache_get', key)
  return Array.isArray(entry) ? entry[1] : undefined
}

export async function cacheSize(): Promise<number> {
  const [[size]] = (await connection.call('cache_size')) as [[number]]
  return size
}
