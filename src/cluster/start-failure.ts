import { StartTimeoutError, TarantoolFixtureError } from '../errors.ts'
import { asPlainLine } from '../log/plain-line.ts'

const obstacle = /tarantool-fixture: not ready yet: (.*)$/

// The line that Tarantool logs when another instance refuses to send its data.
const refusal =
  /\/applier\/.* E> ((?:\w+ access to .* is denied for user '.*?')|(?:User '.*?' is not found)|(?:User not found or supplied credentials are invalid)|(?:Incorrect password supplied for user '.*?'))/

const loginHint =
  "The option iproto.advertise.peer.login of the config names the user for the replication. That user needs the role 'replication' and a password in the config."

/**
 * The error of an instance's start as the error of the cluster's start. It says what the instance waited for. If another
 * instance may not replicate, that explains more.
 *
 * @param failures the errors of all instances that have not started, by name
 */
export function errorOfStart(error: unknown, failures: ReadonlyMap<string, unknown>): unknown {
  if (!(error instanceof StartTimeoutError)) return error
  // The error itself as the cause would be shown once more, with its log.
  const { summary, instance, logTail, logFile, hint, cause } = error
  for (const [name, failure] of failures) {
    if (!(failure instanceof TarantoolFixtureError)) continue
    const why = lastMatch(refusal, failure.logTail)
    if (why === undefined) continue
    const of = { instance: failure.instance, logTail: failure.logTail, logFile: failure.logFile, cause }
    return new StartTimeoutError(`${summary}: '${name}' may not replicate: ${why}`, { ...of, hint: loginHint })
  }
  const reason = lastMatch(obstacle, logTail)
  if (reason === undefined) return error
  return new StartTimeoutError(`${summary}: ${reason}`, { instance, logTail, logFile, hint, cause })
}

const lastMatch = (form: RegExp, lines: readonly string[]): string | undefined => {
  const line = lines.map(asPlainLine).findLast(text => form.test(text))
  return line === undefined ? undefined : form.exec(line)?.[1]
}
