import fc from 'fast-check'

/**
 * An operation of test/fixtures/isolation/operations with three small numbers, or a transaction of several operations.
 */
export type Operation =
  | readonly [name: string, a: number, b: number, c: number]
  | readonly ['transaction', readonly Operation[], boolean]

/** What is done to a server: operations, and the moves between levels of the agent. */
export type Step = readonly ['run', readonly Operation[]] | readonly ['enter' | 'rewind', number]

/** The first number selects one of the 24 spaces of test/fixtures/isolation/spaces.lua. */
const place = fc.nat(23)
const number = fc.nat(11)

const named = (names: string): fc.Arbitrary<Operation> =>
  fc.tuple(fc.constantFrom(...names.trim().split(/\s+/)), place, number, number)

const rows = named(`insert replace delete update upsert auto_increment swap many truncate chain unchain sequence_next
  sequence_set`)
const definitions = named(`drop create rename swap_names format create_index create_path_index create_other_index
  create_functional_index drop_index alter_index rename_index give_sequence collation_create collation_drop collated_index`)
const sql = named('sql sql sql sql_rows')
const keys =
  named(`foreign_key_of_field foreign_key_of_field no_foreign_keys foreign_key_of_tuple create_child create_circle
  constrain_field constrain_tuple check_create check_drop default_field`)
const kinds = named(`create_kind create_keyed replace_keyed replace_keyed create_index_kind func_of_trigger
  func_of_trigger_drop rights_of_roles`)
const rights = named(`sequence_reset sequence_alter sequence_drop sequence_create user_create user_drop user_passwd
  role_create role_drop grant revoke func_create key_func_create func_drop as_ann`)
const beside = named('global remove_global configure configure session_trigger leave_open truncate_vinyl drop_vinyl')
const process = named(`environment directory package_path stub stub stub_method metatable serializer shutdown_trigger
  broadcast`)
const triggers = named('add_trigger remove_triggers name_trigger unname_trigger event_set event_del')

const one: fc.Arbitrary<Operation> = fc.oneof(
  { arbitrary: rows, weight: 6 },
  { arbitrary: definitions, weight: 5 },
  { arbitrary: keys, weight: 4 },
  { arbitrary: kinds, weight: 2 },
  { arbitrary: sql, weight: 2 },
  { arbitrary: rights, weight: 3 },
  { arbitrary: beside, weight: 2 },
  { arbitrary: process, weight: 1 },
  { arbitrary: triggers, weight: 1 },
)
const transaction: fc.Arbitrary<Operation> = fc.tuple(
  fc.constant('transaction' as const),
  fc.array(
    fc.oneof({ arbitrary: rows, weight: 5 }, { arbitrary: definitions, weight: 1 }, { arbitrary: keys, weight: 1 }),
    {
      maxLength: 6,
    },
  ),
  fc.boolean(),
)
/** What one test may do. */
export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof({ arbitrary: one, weight: 6 }, { arbitrary: transaction, weight: 1 }),
  { maxLength: 12 },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.tuple(fc.constant('run' as const), operations), weight: 3 },
  { arbitrary: fc.tuple(fc.constant('enter' as const), fc.integer({ min: 1, max: 3 })), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('rewind' as const), fc.integer({ min: 1, max: 2 })), weight: 1 },
)

// Only levels that are open can be kept.
function inOrder(steps: readonly Step[]): Step[] {
  let open = 1
  return steps.map(current => {
    if (current[0] === 'run') return current
    const keep = Math.min(current[1], open)
    open = current[0] === 'enter' ? keep + 1 : keep
    return [current[0], keep] as const
  })
}

/** Random programs: mostly one run of operations, as a test is; some with levels, as nested suites are. */
export const programs: fc.Arbitrary<Step[]> = fc.oneof(
  { arbitrary: operations.map((list): Step[] => [['run', list]]), weight: 3 },
  { arbitrary: fc.array(step, { minLength: 1, maxLength: 6 }).map(inOrder), weight: 2 },
)
