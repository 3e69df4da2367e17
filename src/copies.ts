// A runner may load this package more than once. Each copy has classes of its own, and a value of one copy may reach
// another.
const ours = Symbol.for('tarantool-fixture.class')

// biome-ignore lint/complexity/noBannedTypes: what stands on the right of instanceof
function isOfOtherCopy(Class: Function, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !(ours in value)) return false
  for (let at: unknown = value; at; at = Object.getPrototypeOf(at)) {
    if ((at as object).constructor?.name === Class.name) return true
  }
  return false
}

/**
 * Makes `instanceof` work across copies of this package: for the class, and for classes that extend it.
 *
 * @example
 * class Decimal { static { recogniseCopies(this) } }
 */
export function recogniseCopies(Class: { readonly prototype: object }): void {
  Object.defineProperty(Class.prototype, ours, { value: true })
  Object.defineProperty(Class, Symbol.hasInstance, {
    // biome-ignore lint/complexity/noBannedTypes: it is called on the class on the right of instanceof
    value(this: Function, value: unknown): boolean {
      return Function.prototype[Symbol.hasInstance].call(this, value) || isOfOtherCopy(this, value)
    },
  })
}
