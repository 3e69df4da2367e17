/**
 * A value that all copies of this package in this process share. A runner may load the package several times: Vitest loads
 * a linked package natively and through Vite, and there once for each project; Jest loads a setup and a teardown apart.
 */
export function processWide<Value>(name: string, make: () => Value): Value {
  const holder = globalThis as { [key: symbol]: unknown }
  const key = Symbol.for(`tarantool-fixture.${name}`)
  holder[key] ??= make()
  return holder[key] as Value
}
