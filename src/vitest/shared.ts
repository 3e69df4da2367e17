/**
 * A value that all copies of this package in this process have in common: Vitest loads a linked package natively and
 * through Vite, and there once for each project.
 */
export function shared<Value>(name: string, make: () => Value): Value {
  const holder = globalThis as { [key: symbol]: unknown }
  const key = Symbol.for(`tarantool-fixture.${name}`)
  holder[key] ??= make()
  return holder[key] as Value
}
