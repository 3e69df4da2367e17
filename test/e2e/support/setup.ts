import { installRunners, vitests } from './runners.ts'

/** Installs the packed package beside each version of each runner. */
export default async function setup(): Promise<void> {
  await installRunners(vitests)
}
