import type { LeasedServer } from './leased-server.ts'

const tailLines = 20

interface ShownError {
  message: string
  stack?: string | undefined
}

/** What a server logged during the current test, as it stands under a failed test's error; undefined when it was silent. */
export async function describeLog(server: LeasedServer): Promise<string | undefined> {
  const lines = await server.logOfTest(tailLines)
  if (lines.length === 0) return undefined
  const { host, port, logFile } = server.info
  const name = server.name === 'default' ? '' : ` (${server.name})`
  const log = lines.map(line => `  ${line}`).join('\n')
  return `Tarantool[${host}:${port}]${name} logged during this test (whole log: ${logFile}):\n${log}`
}

/** Puts a text under an error's message, and under the copy of the message that its stack begins with. */
export function appendToError(error: ShownError, text: string): void {
  const { message, stack } = error
  error.message = `${message}\n\n${text}`
  if (stack?.includes(message)) error.stack = stack.replace(message, () => error.message)
}
