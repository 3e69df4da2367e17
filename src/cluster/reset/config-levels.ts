import type { ResolvedApplication } from '../../config/resolve-application.ts'
import type { ClusterInstances } from '../instances.ts'
import type { ClusterSource } from '../source.ts'
import { LostMember } from './member-agent.ts'

/** The configs that a cluster had when its levels were opened. A replica set without a config has none. */
export class ConfigLevels {
  readonly #source: ClusterSource
  readonly #instances: ClusterInstances
  #configs: (ResolvedApplication | undefined)[]

  constructor(source: ClusterSource, instances: ClusterInstances) {
    this.#source = source
    this.#instances = instances
    this.#configs = [source.application]
  }

  /** The config in force is not that of the highest level. */
  get isChanged(): boolean {
    return this.#source.application !== this.#highest
  }

  /** Below this level, the config has changed. */
  isChangedBelow(level: number): boolean {
    return new Set(this.#configs.slice(0, level + 1).filter(config => config !== undefined)).size > 1
  }

  /** A level is opened on top of others: the config is that of now. */
  open(level: number): void {
    this.#configs = this.#configs.slice(0, level)
    this.#configs[level] = this.#source.application
  }

  /** Lets the running instances apply the config of a level again. @throws LostMember if an instance refuses the config */
  async goBack(level: number): Promise<void> {
    this.#configs = this.#configs.slice(0, level + 1)
    const config = this.#highest
    if (!this.isChanged || !config) return
    try {
      await this.#source.change?.(config, this.#instances)
    } catch (error) {
      throw new LostMember(`the former config does not hold again: ${(error as Error).message.split('\n')[0] ?? ''}`)
    }
  }

  get #highest(): ResolvedApplication | undefined {
    return this.#configs.findLast(config => config !== undefined)
  }
}
