import fc from 'fast-check'

/** An operation of test/fixtures/isolation/operations.lua with three small numbers, or a transaction of several. */
export type Operation =
  | readonly [name: string, a: number, b: number, c: number]
  | readonly ['transaction', readonly Operation[], boolean]

/** What is done to a server: operations, and the moves between levels of the agent. */
export type Step = readonly ['run', readonly Operation[]] | readonly ['enter' | 'rewind', number]

const number = fc.nat(11)

const named = (names: readonly string[]): fc.Arbitrary<Operation> =>
  fc.tuple(fc.constantFrom(...names), number, number, number)

const rows = named(
  'insert replace delete update upsert auto_increment swap many truncate sequence_next sequence_set'.split(' '),
)
const definitions = named(
  'drop create rename swap_names format create_index drop_index alter_index rename_index give_sequence sql'.split(' '),
)
const rights = named(
  `sequence_reset sequence_alter sequence_drop sequence_create user_create user_drop user_passwd role_create role_drop
  grant revoke func_create func_drop as_ann`.split(/\s+/),
)
const beside = named(
  'global remove_global configure add_trigger remove_triggers session_trigger leave_open truncate_vinyl drop_vinyl'.split(
    ' ',
  ),
)

const one: fc.Arbitrary<Operation> = fc.oneof(
  { arbitrary: rows, weight: 6 },
  { arbitrary: definitions, weight: 5 },
  { arbitrary: rights, weight: 3 },
  { arbitrary: beside, weight: 2 },
)
const transaction: fc.Arbitrary<Operation> = fc.tuple(
  fc.constant('transaction' as const),
  fc.array(fc.oneof({ arbitrary: rows, weight: 5 }, { arbitrary: definitions, weight: 1 }), { maxLength: 6 }),
  fc.boolean(),
)
/** What one test may do. */
export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof({ arbitrary: one, weight: 6 }, { arbitrary: transaction, weight: 1 }),
  { maxLength: 12 },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.tuple(fc.constant('run' as const), operations), weight: 3 },
  { arbitrary: fc.tuple(fc.constant('enter' as const), fc.integer({ min: 0, max: 2 })), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('rewind' as const), fc.integer({ min: 0, max: 1 })), weight: 1 },
)

// A level can only be opened on the one below it.
function inOrder(steps: readonly Step[]): Step[] {
  let height = 0
  return steps.map(current => {
    if (current[0] === 'run') return current
    const depth = Math.min(current[1], height)
    height = current[0] === 'enter' ? depth + 1 : depth
    return [current[0], depth] as const
  })
}

/** Random programs: mostly one run of operations, as a test is; some with levels, as nested suites are. */
export const programs: fc.Arbitrary<Step[]> = fc.oneof(
  { arbitrary: operations.map((list): Step[] => [['run', list]]), weight: 3 },
  { arbitrary: fc.array(step, { minLength: 1, maxLength: 6 }).map(inOrder), weight: 2 },
)
