import type { DockerOptions, InstanceOptions } from '../../config/options.ts'
import { TarantoolInstance } from '../instance.ts'

/** The options of a `TarantoolDockerInstance`: the options of any instance, with the options of its container. */
export interface DockerInstanceOptions extends InstanceOptions {
  /** The container's options. Default `{}`: Tarantool's own image. */
  docker?: DockerOptions | undefined
}

/**
 * A Tarantool in a container: a `TarantoolInstance` whose server process runs in the container. The server ends with
 * the Node process that created it, even if that process is killed. The container is then removed. The class does the
 * work of asynctnt's `TarantoolAsyncDockerInstance`.
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
   * Checks the options. Starts nothing, and asks no engine.
   *
   * @param baseDir the directory that relative paths in the options start from. Default: the working directory.
   * @throws UnknownOptionError, InvalidOptionError, LuaFileError, SeedError
   */
  constructor(options: DockerInstanceOptions = {}, baseDir: string = process.cwd()) {
    super({ ...options, docker: options.docker ?? {} }, baseDir)
  }
}
