import type { Hold } from '../../config/server-options.ts'

/**
 * How a run treats the servers of failed tests. The last two say why it does not hold them, although its config asks for
 * that.
 */
export type Holding = Hold | 'in-ci' | 'without-terminal'

interface Stream {
  readonly isTTY?: boolean
}

/**
 * Says whether somebody can look at a server that is held in this process. In CI, a run that waits would never end.
 *
 * @param streams those on which a person is asked, and answers
 */
export function holdingHere(
  { CI: ci = '' }: NodeJS.ProcessEnv = process.env,
  streams: readonly Stream[] = [process.stdin, process.stderr],
): Exclude<Holding, 'never'> {
  if (!['', '0', 'false'].includes(ci)) return 'in-ci'
  return streams.every(({ isTTY }) => isTTY === true) ? 'on-failure' : 'without-terminal'
}
