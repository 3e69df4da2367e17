import build from '../../support/global-setup.ts'
import { installManagers } from '../package-managers/managers.ts'
import { installRunners } from './install.ts'
import { jests, vitests } from './runners.ts'

/** Builds, and installs the packed package beside each version of each runner; and the package managers. */
export default async function setup(): Promise<void> {
  await build()
  await Promise.all([installRunners([...vitests, ...jests]), installManagers()])
}
