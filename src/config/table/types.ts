import * as v from 'valibot'

export const text: v.GenericSchema = v.pipe(v.string(), v.nonEmpty('must not be empty'))
export const milliseconds: v.GenericSchema = v.pipe(
  v.number(),
  v.minValue(1, 'must be at least 1 (milliseconds)'),
  v.maxValue(2 ** 31 - 1),
)
const portNumber = v.pipe(
  v.number(),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be from 1 to 65535 (leave it out for a free one)'),
  v.maxValue(65_535, 'must be from 1 to 65535'),
)
export const port: v.GenericSchema = v.union([portNumber, text], issue =>
  typeof issue.input === 'number'
    ? 'must be a whole number from 1 to 65535 (leave it out for a free one)'
    : 'must be a port number, or with a unix/ host the path of a socket',
)

const portName: v.GenericSchema = v.pipe(
  v.string('must be a name'),
  v.regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'must be letters, digits, - and _, and begin with a letter'),
)
export const portNames: v.GenericSchema = v.array(portName, "must be a list of names, such as ['http']")

export const userId: v.GenericSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 2))

/** An object, which an array is not. */
const anObject: v.GenericSchema<Record<string, unknown>> = v.custom<Record<string, unknown>>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)

/** An object whose values have one type. `v.record` alone accepts an array, too. */
export const objectOf = (value: v.GenericSchema): v.GenericSchema => v.pipe(anObject, v.record(v.string(), value))

export const boxCfgValue: v.GenericSchema = v.union(
  [
    v.string(),
    v.pipe(v.number(), v.finite()),
    v.bigint(),
    v.boolean(),
    v.undefined(),
    v.array(v.lazy(() => boxCfgValue)),
    v.record(
      v.string(),
      v.lazy(() => boxCfgValue),
    ),
  ],
  'must be a string, a finite number, a boolean, or an array or object of these',
)

// Not v.record, which would copy each row. The code that reads the sources checks the object's values.
export const seedSource: v.GenericSchema = v.union([text, anObject])
