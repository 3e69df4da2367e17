import { PortTakenError } from '../../errors.ts'
import { addressOfPort } from '../place/named-ports.ts'
import type { FailureContext, ServerDetails } from './details.ts'

const addressTaken = /Address already in use/i

/** True if the log says that an address is in use. */
export const logSaysTaken = (logTail: readonly string[]): boolean => logTail.some(line => addressTaken.test(line))

/** True if the error of a server says that an address is in use. Some versions write the reason to the log only. */
export const saysTaken = (message: string, logTail: readonly string[]): boolean =>
  addressTaken.test(message) || (message.includes('failed to bind') && logSaysTaken(logTail))

const takenHint = (address: string, { chosen }: FailureContext, owner: string): string =>
  chosen.includes(address)
    ? 'The address was free when the fixture chose it. Another process has taken it since.'
    : `Another ${owner} uses it. Leave the port out to get a free port.`

/** Makes an error of an address that another process has. */
export const portTaken = (address: string, context: FailureContext): PortTakenError =>
  new PortTakenError(`${context.instance} cannot listen on ${address}: the address is in use`, {
    ...context,
    address,
    hint: takenHint(address, context, 'process'),
  })

/** Makes an error of a named port that another process has. */
export function namedPortTaken(name: string, context: FailureContext): PortTakenError {
  const address = addressOfPort(context.ports[name])
  return new PortTakenError(`${context.instance} cannot listen on ${address} (port '${name}'): the address is in use`, {
    ...context,
    address,
    hint: takenHint(address, context, 'process'),
  })
}

/** Makes an error of an address that another process has taken between two servers. */
export const errorOfTakeOver = (address: string, details: ServerDetails, cause: unknown): PortTakenError =>
  new PortTakenError(`${details.instance} cannot take over ${address}: the address is in use`, {
    ...details,
    address,
    cause,
    hint: 'Another process took the address between the end of one server and the start of the next.',
  })

/** Makes an error of an address that the engine cannot publish. */
export const cannotPublish = (address: string, context: FailureContext): PortTakenError =>
  new PortTakenError(`${context.instance} cannot be published on ${address}: the address is in use`, {
    ...context,
    address,
    hint: takenHint(address, context, 'process or container'),
  })
