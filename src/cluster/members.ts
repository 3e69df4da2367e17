import type { Credentials } from '../config/options.ts'
import type { ResolvedApplication } from '../config/resolve-application.ts'
import { ClusterConfigError, InvalidOptionError } from '../errors.ts'
import type { DescribedInstance, Description } from './description.ts'
import { noSuchInstance } from './failure.ts'
import type { Members } from './plan.ts'

/** The instances that the options, or instances.yml, choose from a config, sorted by name. */
export function chooseMembers(description: Description, application: ResolvedApplication): Members<DescribedInstance> {
  const { configFile, connect, seedOn } = application
  const all = [...description.instances].sort((a, b) => (a.name < b.name ? -1 : 1))
  const names = all.map(({ name }) => name)
  const wanted = wantedNames(names, description.listed, application)
  const instances = all.filter(({ name }) => wanted.has(name))
  const [first] = instances
  if (!first) {
    throw new ClusterConfigError(`${configFile} has no instances`, {
      configFile,
      hint: 'An instance is a key of groups.<group>.replicasets.<set>.instances.',
    })
  }
  const instanceOf = (option: string, wantedName: string): DescribedInstance => {
    const found = instances.find(({ name }) => name === wantedName)
    if (found) return found
    if (!names.includes(wantedName)) throw noSuchInstance(option, wantedName, names, configFile)
    throw new InvalidOptionError(`option '${option}': the instance '${wantedName}' is not among those to start`, {
      hint: `Started are: ${[...wanted].join(', ')}. Change 'instances' or instances.yml.`,
    })
  }
  const connected = connect === undefined ? first : instanceOf('connect', connect)
  const seeded = seedOn?.map(name => instanceOf('seedOn', name)) ?? [connected]
  return { instances, connect: connected, seeded }
}

function wantedNames(
  names: readonly string[],
  listed: readonly string[] | undefined,
  { configFile, instances, instancesFile }: ResolvedApplication,
): Set<string> {
  if (instances.length === 0) {
    const stranger = listed?.find(name => !names.includes(name))
    if (stranger !== undefined) {
      throw new ClusterConfigError(
        `${instancesFile} names the instance '${stranger}', which ${configFile} does not have`,
        {
          configFile,
        },
      )
    }
    return new Set(listed ?? names)
  }
  return new Set(
    instances.flatMap(choice => {
      if (typeof choice === 'string') {
        if (names.includes(choice)) return choice
        throw noSuchInstance('instances', choice, names, configFile)
      }
      const pattern = new RegExp(choice.source, choice.flags.replace(/[gy]/g, ''))
      const matching = names.filter(name => pattern.test(name))
      if (matching.length > 0) return matching
      throw new InvalidOptionError(`option 'instances': no instance of ${configFile} matches ${pattern}`, {
        hint: `Instances: ${names.join(', ')}.`,
      })
    }),
  )
}

/**
 * The account of a user of the config. Undefined for guest, who has no password.
 *
 * @throws InvalidOptionError if the instance has no such user, or if the config does not say the password
 */
export function accountOf(user: string, { name, users }: DescribedInstance): Credentials | undefined {
  if (user === 'guest') return undefined
  const account = users[user]
  if (!account) {
    throw new InvalidOptionError(`option 'as': the instance '${name}' has no user '${user}' in its config`, {
      hint: `Users: ${Object.keys(users).sort().join(', ') || 'none'}. The config's credentials.users names them.`,
    })
  }
  const { password } = account
  if (typeof password === 'string' && !password.includes('{{')) return { user, password }
  throw new InvalidOptionError(
    `option 'as': the config does not say the password of the user '${user}' as plain text`,
    {
      hint: `For the tests: set: { 'credentials.users.${user}.password': 'secret' }.`,
    },
  )
}
