/**
 * A value that all copies of this package share that see the same global object: those of a process, or of a test file's
 * context. A runner may load the package several times. Vitest loads a linked package natively and through Vite, and there
 * once for each project; Jest loads a setup and a teardown apart.
 */
export function sharedValue<Value>(name: string, make: () => Value): Value {
  const holder = globalThis as { [key: symbol]: unknown }
  const key = Symbol.for(`tarantool-fixture.${name}`)
  holder[key] ??= make()
  return holder[key] as Value
}
