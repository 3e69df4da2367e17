import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { InvalidOptionError } from '../errors.ts'
import type { ClusterConfig } from './application-options.ts'
import type { ResolvedApplication } from './resolve-application.ts'
import { configValue } from './table/application.ts'
import { objectOf } from './table/types.ts'

const configObject = objectOf(configValue)

/**
 * An application with another config.
 *
 * @param config the path of the other config, from the application's directory; or the config itself. Default: the
 *   application's own file.
 * @throws InvalidOptionError
 */
export function withConfig(application: ResolvedApplication, config?: string | ClusterConfig): ResolvedApplication {
  const { ownConfigFile, directory } = application
  if (config === undefined || typeof config === 'string') {
    const configFile = config === undefined ? ownConfigFile : resolve(directory, config)
    if (!statSync(configFile, { throwIfNoEntry: false })?.isFile()) {
      throw new InvalidOptionError(`reload: there is no config ${configFile}`, {
        hint: `A relative path starts from the application's directory, ${directory}.`,
      })
    }
    return { ...application, configFile, configObject: undefined }
  }
  const result = v.safeParse(configObject, config, { abortEarly: true })
  if (result.success) return { ...application, configFile: 'the config given to reload()', configObject: config }
  const [issue] = result.issues
  const place = v.getDotPath(issue)
  throw new InvalidOptionError(`reload: ${place === null ? 'the config' : `'${place}'`} ${issue.message}`)
}
