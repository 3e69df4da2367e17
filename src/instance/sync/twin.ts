import type { Remote } from './remote.ts'

/**
 * The way in which a blocking twin implements a member of the original.
 *
 * - `property`: the thread reads or writes the property.
 * - `method`: the thread calls the method, which ends by itself.
 * - `limited`: the thread calls the method. The wait ends after `requestTimeout`.
 * - `own`: the twin's class has code for the member.
 * - `none`: the twin lacks the member.
 */
type Way = 'property' | 'method' | 'limited' | 'own' | 'none'

type Method = (...values: never[]) => unknown

/** The table that makes a twin. Each member of the original has an entry. */
export type Ways<Original> = {
  readonly [Name in keyof Original & string]: Original[Name] extends Method
    ? Exclude<Way, 'property'>
    : Exclude<Way, 'method' | 'limited'>
}

type Named<Original, Table, Each extends Way> = {
  [Name in keyof Original & keyof Table]: Table[Name] extends Each ? Name : never
}[keyof Original & keyof Table]

type Blocking<Member> = [Member] extends [(...values: infer Values) => infer Result]
  ? (...values: Values) => Awaited<Result>
  : Member

// The constraint on the names makes the compiler keep modifiers and doc comments of the original's members.
type BlockingMembers<Original, Name extends keyof Original> = { [Each in Name]: Blocking<Original[Each]> }

/** The class that a table makes. */
export interface Twin<Original, Table extends Ways<Original>> {
  new (remote: Remote): BlockingMembers<Original, Named<Original, Table, 'property' | 'method' | 'limited'>>
}

/**
 * The members that a class has to add to its `Twin`. The class's constructor says `this satisfies OwnMembers<…>`, so that
 * the compiler complains about a missing member. The reference would show `implements`.
 */
export type OwnMembers<Original, Table extends Ways<Original>> = Record<Named<Original, Table, 'own'>, unknown>

/** Refuses entries for members that the original does not have. */
type NoOthers<Original, Table> = { readonly [Name in Exclude<keyof Table, keyof Original>]: never }

/** Makes the class that a blocking twin extends. */
export function twinOf<Original, Table extends Ways<Original>>(
  table: Table & NoOthers<Original, Table>,
): Twin<Original, Table> {
  class Asking {
    readonly #remote: Remote

    constructor(remote: Remote) {
      this.#remote = remote
    }

    static {
      const remoteOf = (asking: object): Remote => (asking as Asking).#remote
      for (const [name, way] of Object.entries<Way>(table)) {
        if (way === 'own' || way === 'none') continue
        const member = way === 'property' ? propertyOf(name, remoteOf) : methodOf(name, way, remoteOf)
        Object.defineProperty(Asking.prototype, name, { ...member, configurable: true })
      }
    }
  }
  // The compiler cannot see members that a loop defines.
  return Asking as unknown as Twin<Original, Table>
}

function propertyOf(name: string, remoteOf: (asking: object) => Remote): PropertyDescriptor {
  return {
    get(this: object): unknown {
      return remoteOf(this).get(name)
    },
    set(this: object, value: unknown): void {
      remoteOf(this).set(name, value)
    },
  }
}

function methodOf(name: string, way: Way, remoteOf: (asking: object) => Remote): PropertyDescriptor {
  // A computed name gives the function its name, for stack traces.
  const methods: Record<string, unknown> = {
    [name](...values: unknown[]): unknown {
      const remote = remoteOf(this)
      return remote.call(name, values, way === 'limited' ? remote.requestTimeout : undefined)
    },
  }
  return { value: methods[name], writable: true }
}
