/**
 * A value that all copies of this package share if they see the same global object: the copies of a process, or of a
 * test file's context. A runner may load the package several times. Vitest loads a linked package natively, and again
 * through Vite for each project. Jest loads a setup and a teardown separately.
 */
export function sharedValue<Value>(name: string, make: () => Value): Value {
  const holder = globalThis as { [key: symbol]: unknown }
  const key = Symbol.for(`tarantool-fixture.${name}`)
  holder[key] ??= make()
  return holder[key] as Value
}
