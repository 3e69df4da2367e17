import { type Isolation, isolations } from '../config/isolation.ts'
import { nearestName } from '../config/nearest-name.ts'
import { InvalidOptionError, UnknownOptionError } from '../errors.ts'

const known = ['isolation', 'strict', 'config']

function refuse(option: string, must: string, given: unknown): never {
  throw new InvalidOptionError(`useTarantool: option '${option}' must be ${must}, not ${JSON.stringify(given)}`)
}

/**
 * Checks the options of a test file by hand. The main process checks configs with a schema, which is too large to load
 * here.
 *
 * @throws UnknownOptionError, InvalidOptionError
 */
export function checkUseOptions(options: object): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const near = nearestName(name, known)
    throw new UnknownOptionError(`useTarantool: unknown option '${name}'`, {
      hint: near
        ? `Did you mean '${near}'?`
        : `Options: ${known.join(', ')}. Put the options of a server into 'config'.`,
    })
  }
  const { isolation, strict, config } = options as { isolation?: unknown; strict?: unknown; config?: unknown }
  if (isolation !== undefined && !isolations.includes(isolation as Isolation)) {
    refuse('isolation', isolations.map(name => `'${name}'`).join(', '), isolation)
  }
  if (strict !== undefined && typeof strict !== 'boolean') refuse('strict', 'true or false', strict)
  if (config !== undefined && (typeof config !== 'object' || config === null)) refuse('config', 'an object', config)
}
