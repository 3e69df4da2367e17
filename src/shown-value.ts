const isPromise = (value: object): boolean => typeof (value as Partial<Promise<unknown>>).then === 'function'

/** Describes a value that a user gave, for the message of an error. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return 'an array'
  if (isPromise(value)) return 'a promise'
  const { name } = (Object.getPrototypeOf(value)?.constructor ?? Object) as { name: string }
  return name === 'Object' || name === '' ? 'an object' : `an object of the class ${name}`
}

/** The advice to a user who gave a promise: text before other advice. Empty for other values. */
export const awaitAdvice = (value: unknown): string => (shownValue(value) === 'a promise' ? 'Await the promise. ' : '')
