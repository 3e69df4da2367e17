import type { ResolvedOptions } from '../../config/resolve.ts'
import { DockerProgram } from '../docker/program.ts'
import { LocalProgram } from './local-program.ts'
import type { Program } from './program.ts'

/**
 * The Tarantool that an instance's options ask for.
 *
 * @param download false looks only at programs that this machine has
 */
export const programOf = (options: ResolvedOptions, { download = true }: { download?: boolean } = {}): Program =>
  options.docker ? new DockerProgram(options, options.docker) : new LocalProgram(options, { download })
