import type { DockerOptions, InstanceOptions } from '../../config/options.ts'
import { TarantoolInstance } from '../instance.ts'

/** What a `TarantoolDockerInstance` is made from: the options of any instance, with those of its container. */
export interface DockerInstanceOptions extends InstanceOptions {
  /** Default `{}`: Tarantool's own image. */
  docker?: DockerOptions | undefined
}

/**
 * A Tarantool in a container of one's own: all that a `TarantoolInstance` is and does, with the server's process in the
 * container. It ends with the process that made it, however that ends, and the container is removed with it. What asynctnt's
 * `TarantoolAsyncDockerInstance` does.
 *
 * `new TarantoolInstance({ docker: {} })` is the same.
 *
 * @example
 * const tarantool = await new TarantoolDockerInstance({ docker: { tag: '2.11' }, appLua: './app.lua' }).start()
 * console.log(tarantool.host, tarantool.port)
 * await tarantool.stop()
 */
export class TarantoolDockerInstance extends TarantoolInstance {
  /**
   * Checks the options; starts nothing, and asks no engine.
   *
   * @param baseDir what relative paths in the options are relative to. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: DockerInstanceOptions = {}, baseDir: string = process.cwd()) {
    super({ ...options, docker: options.docker ?? {} }, baseDir)
  }
}
