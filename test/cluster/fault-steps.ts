import fc from 'fast-check'
import type { Condition } from '../../src/link/fault.ts'
import { type Operation, operations, programs } from '../isolation/programs.ts'

/** The number of a member: 0 is the one that leads when the step begins, 1 and 2 are the others. */
export type MemberNumber = 0 | 1 | 2

export type ProcessFault = 'stop' | 'kill' | 'start' | 'restart' | 'recreate' | 'pause' | 'resume' | 'lead'

/** What is done to a replica set of three: operations on a member, moves between levels, faults, and other members. */
export type FaultStep =
  | readonly ['run', MemberNumber, readonly Operation[]]
  | readonly ['enter' | 'rewind', number]
  | readonly [ProcessFault, MemberNumber]
  | readonly ['link', from: MemberNumber, to: MemberNumber, Condition | { readonly is: 'reset' }]
  | readonly ['partition', MemberNumber]
  | readonly ['heal' | 'add']
  | readonly ['remove', MemberNumber]

const member: fc.Arbitrary<MemberNumber> = fc.constantFrom(0, 1, 2)
const busyMember: fc.Arbitrary<MemberNumber> = fc.constantFrom(0, 0, 0, 1, 2)
const pair = fc
  .tuple(member, fc.constantFrom(1, 2))
  .map(([from, distance]) => [from, ((from + distance) % 3) as MemberNumber] as const)

const onProcess = (...names: ProcessFault[]): fc.Arbitrary<FaultStep> => fc.tuple(fc.constantFrom(...names), member)

const linkFault = fc.constantFrom<Condition | { readonly is: 'reset' }>(
  { is: 'cut' },
  { is: 'cut' },
  { is: 'hanging' },
  { is: 'delayed', milliseconds: 20 },
  { is: 'limited', bytesPerSecond: 20_000 },
  { is: 'reset' },
)

const fault: fc.Arbitrary<FaultStep> = fc.oneof(
  { arbitrary: onProcess('stop', 'kill', 'restart', 'recreate'), weight: 3 },
  { arbitrary: onProcess('start'), weight: 1 },
  { arbitrary: onProcess('pause'), weight: 2 },
  { arbitrary: onProcess('resume'), weight: 1 },
  { arbitrary: onProcess('lead'), weight: 4 },
  {
    arbitrary: fc.tuple(pair, linkFault).map(([[from, to], made]): FaultStep => ['link', from, to, made]),
    weight: 4,
  },
  { arbitrary: fc.tuple(fc.constant('partition' as const), member), weight: 2 },
  { arbitrary: fc.constant<FaultStep>(['heal']), weight: 1 },
  { arbitrary: fc.constant<FaultStep>(['add']), weight: 3 },
  { arbitrary: fc.tuple(fc.constant('remove' as const), member), weight: 3 },
)

const run: fc.Arbitrary<FaultStep> = fc.tuple(fc.constant('run' as const), busyMember, operations)

/** Random programs of the reset's property test, with faults between their steps. */
export const faultPrograms: fc.Arbitrary<FaultStep[]> = programs.chain(steps =>
  fc
    .tuple(
      ...steps.map(step =>
        fc
          .tuple(
            busyMember,
            fc.array(fc.oneof({ arbitrary: fault, weight: 2 }, { arbitrary: run, weight: 1 }), { maxLength: 3 }),
          )
          .map(([at, others]): FaultStep[] => [step[0] === 'run' ? ['run', at, step[1]] : step, ...others]),
      ),
    )
    .map(parts => parts.flat().map(withoutMove)),
)

// Tarantool finds its files by paths that are relative to its directory. So a member that has moved sends no data to members
// that connect again.
function withoutMove(step: FaultStep): FaultStep {
  return step[0] === 'run' ? ['run', step[1], step[2].filter(([name]) => name !== 'directory')] : step
}
