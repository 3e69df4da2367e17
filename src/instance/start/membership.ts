import { dirname } from 'node:path'
import type { BoxCfgValue, Credentials } from '../../config/options.ts'
import type { ReplicaMode } from '../../config/replica-mode.ts'
import { uriForServer } from '../place/addresses.ts'

/** A member's part of its init script. */
export interface Membership {
  /** The addresses of all members, with the login. */
  readonly sources: readonly string[]
  /** The further addresses that the member listens on. */
  readonly listen: readonly string[]
  readonly boxCfg: Readonly<Record<string, BoxCfgValue>>
  readonly defaults: Readonly<Record<string, BoxCfgValue>>
  readonly bootOptions: Readonly<Record<string, unknown>>
}

/** The parts of an init script that make a server a member of a replica set. fixtures/cluster/member.lua has its side. */
export function membershipOf(
  { peerSocket, terms, directory }: ReplicaMode,
  credentials: Credentials | undefined,
  workDir: string,
): Membership {
  const { peers, sources, mayLackLeader, boxCfg, defaults, onlyAtStart } = terms()
  const login = credentials ? `${credentials.user}:${credentials.password}@` : ''
  const own = peerSocket === undefined ? undefined : uriForServer('unix/', peerSocket, workDir)
  return {
    sources: sources.map(source => login + source),
    listen: own === undefined ? [] : [own],
    boxCfg,
    defaults,
    bootOptions: {
      member: {
        peers,
        without_config: true,
        may_lack_leader: mayLackLeader,
      },
      only_at_start: onlyAtStart,
      peer_address: own,
      // The directory of the whole set: what is read there is different for each set.
      work_dir: dirname(directory),
    },
  }
}
