import * as v from 'valibot'

/** All facts about one option in one place: its check, its default, and its line in docs/configuration.md. */
export interface Option<Value> {
  /** Checks the type and the range. */
  readonly type: v.GenericSchema
  /** The type as the docs show it. */
  readonly takes: string
  readonly default?: NonNullable<Value>
  /** The default as the docs show it, if it is not one value. */
  readonly otherwise?: string
  readonly doc: string
  /** True if the value is a path, which may be relative, or a text that may be one. */
  readonly path?: 'directory' | 'Lua or file' | 'rows or file' | 'socket' | 'program' | 'file'
  /** True if the option can change between two starts of one server. Any other option needs another server. */
  readonly mayChange?: true
}

/** The options of a table, and those among them that have one value as their default. */
export type Table<Options, Defaulted extends keyof Options = never> = {
  readonly [Name in keyof Required<Options>]: Option<Options[Name]> &
    (Name extends Defaulted ? { readonly default: NonNullable<Options[Name]> } : unknown)
}

/** The schema that checks the options of a table. */
export const entriesOf = (table: Readonly<Record<string, Option<unknown>>>): v.ObjectEntries =>
  Object.fromEntries(Object.entries(table).map(([name, { type }]) => [name, v.optional(type)]))
