import * as v from 'valibot'
import { ProtocolError } from '../errors.ts'
import type { BrokerRequests, RequestMessage, RequestName } from './messages.ts'

const text = v.string()
const integer = v.pipe(v.number(), v.integer())
// v.record would copy the rows of a seed. The code that uses the options checks them.
const object = v.custom<Record<string, unknown>>(isObject, 'must be an object')
const ofServer = v.object({ server: text })
const ofTest = v.object({ server: text, test: v.optional(text) })
const number = v.pipe(v.number(), v.finite())
const span = { at: number, took: number }
const texts = v.optional(v.array(text))
const workerEvent = v.variant('kind', [
  v.object({ kind: v.literal('reset'), ...span, undone: integer }),
  v.object({
    ...{ kind: v.literal('test'), ...span, name: text, attempt: integer },
    outcome: v.picklist(['passed', 'failed', 'skipped']),
    ...{ error: v.optional(text), log: texts, earlier: v.optional(integer), changes: texts },
  }),
])
const fault = v.variant('is', [
  ...(['sound', 'cut', 'hanging', 'reset'] as const).map(is => v.object({ is: v.literal(is) })),
  v.object({ is: v.literal('delayed'), milliseconds: number }),
  v.object({ is: v.literal('limited'), bytesPerSecond: number }),
])
const place = v.object({ from: v.optional(text), to: text })
const ofMember = v.object({ server: text, member: v.optional(text) })
const withRecreate = v.object({ ...ofMember.entries, recreate: v.boolean() })

const params: { readonly [Name in RequestName]: v.GenericSchema<unknown, BrokerRequests[Name]['params']> } = {
  begin: v.object({
    worker: v.object({ pid: integer, thread: integer }),
    slot: integer,
    file: v.optional(text),
  }),
  nameFile: v.object({ file: text }),
  lease: v.object({
    server: text,
    config: v.optional(object),
    baseDir: v.optional(text),
  }),
  use: ofServer,
  offer: v.object({}),
  reclaim: v.object({}),
  release: ofServer,
  ensure: ofMember,
  start: withRecreate,
  restart: v.object({ ...withRecreate.entries, record: v.optional(v.boolean()) }),
  renew: ofServer,
  stepAside: v.object({ server: text, spare: v.boolean() }),
  comeBack: ofServer,
  stop: ofMember,
  signal: v.object({ ...ofMember.entries, signal: text }),
  fault: v.object({ server: text, fault, places: v.optional(v.array(place)), isUndo: v.optional(v.boolean()) }),
  crash: ofMember,
  atTest: ofTest,
  trace: v.object({ server: text, step: text }),
  note: v.object({ server: text, events: v.array(workerEvent) }),
  failed: v.object({ ...ofTest.entries, isNeeded: v.optional(v.boolean()) }),
  isolate: v.object({
    server: text,
    operation: v.picklist([
      'enter',
      'enter_if_dirty',
      'enter_at_once',
      'rewind',
      'nest',
      'dirty',
      'digest',
      'requests',
    ]),
    keep: integer,
  }),
  // The cluster checks the values that a test gives. Its errors say more.
  leader: v.looseObject({ server: text }),
  waitForLeader: v.looseObject({ server: text }),
  waitForFullMesh: v.looseObject({ server: text }),
  waitForVclock: v.looseObject({ server: text, of: v.optional(text) }),
  addReplica: v.object({ server: text, options: v.any() }),
  remove: v.object({ server: text, member: text }),
  reload: v.object({ server: text, config: v.optional(v.any()) }),
  set: v.object({ server: text, overlay: v.optional(v.any()) }),
  overview: v.object({}),
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The id of a request, even if the rest is invalid. Undefined if the message has no id: then nobody waits for an
 * answer.
 */
export function numberOf(message: unknown): number | undefined {
  const { id } = isObject(message) ? message : {}
  return Number.isSafeInteger(id) ? (id as number) : undefined
}

/** @throws ProtocolError if the method is unknown, or if its parameters are invalid */
export function checkRequest(message: unknown): RequestMessage {
  const { id, method, params: given } = message as { id: number; method: unknown; params: unknown }
  if (typeof method !== 'string' || !Object.hasOwn(params, method)) {
    throw new ProtocolError(`the main process knows no request ${JSON.stringify(method)}`)
  }
  const name = method as RequestName
  const result = v.safeParse(params[name], given)
  if (!result.success) {
    const [issue] = result.issues
    const path = v.getDotPath(issue) ?? 'it'
    throw new ProtocolError(`the main process cannot read a request '${name}': ${path}: ${issue.message}`)
  }
  return { id, method: name, params: result.output }
}
