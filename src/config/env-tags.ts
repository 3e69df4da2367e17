import { InvalidOptionError } from '../errors.ts'
import { nearestName } from './nearest-name.ts'

type Variables = Readonly<Record<string, string>>

const tag = /<%\s*([A-Za-z][\w.-]*)\s*%>/g

const fill = (env: Variables, addressOf: (name: string, variable: string) => string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).map(([variable, text]) => [
      variable,
      text.replaceAll(tag, (_, name: string) => addressOf(name, variable)),
    ]),
  )

/**
 * Checks the tags in the values of the option `env`: `<% port %>`, `<% ports.http %>`.
 *
 * @param ports the names of the option `ports`
 * @throws InvalidOptionError for a name that does not exist
 */
export function checkEnv(env: Variables, ports: readonly string[]): void {
  const names = ['host', 'port', 'listen', ...ports.map(name => `ports.${name}`)]
  fill(env, (name, variable) => {
    if (names.includes(name)) return ''
    const near = nearestName(name, names)
    throw new InvalidOptionError(`option 'env.${variable}' has the unknown name '${name}' in <% ${name} %>`, {
      hint: near ? `Did you mean '${near}'?` : `Names: ${names.join(', ')}.`,
    })
  })
}

/** Replaces the tags by a server's addresses. The names have been checked. */
export function fillEnv(
  env: Variables,
  {
    ports,
    ...values
  }: { host: string; port: number | string; listen: string; ports: Readonly<Record<string, number>> },
): Record<string, string> {
  const named = Object.fromEntries(Object.entries(ports).map(([name, port]) => [`ports.${name}`, port]))
  const all: Readonly<Record<string, number | string>> = { ...values, ...named }
  return fill(env, name => String(all[name]))
}
