import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './instances.ts'

const real = (): string => process.env.TARANTOOL_BIN ?? 'tarantool'

/** How a thief knows a start, and finds the port of the start: shell. */
interface Prey {
  readonly isStart: string
  readonly port: string
}

/** The port of an option in the boot script, such as `listen`. */
export const portIn = (file: string, name: string): Prey => ({
  isStart: '[ "$1" != --version ]',
  port: `sed -n 's/.*\\["${name}"\\]="\\{0,1\\}\\(127.0.0.1:\\)\\{0,1\\}\\([0-9]\\{2,\\}\\).*/\\2/p' "$(dirname "$1")/${file}"`,
})

/** The port of an instance of a cluster, which is started as: tarantool -e LUA --name NAME --config FILE. */
export const portOfCluster: Prey = {
  isStart: 'case $* in *--config*) true ;; *) false ;; esac',
  port: `sed -n "/\\"$4\\": {/,/127.0.0.1:/s/.*\\"uri\\": \\"127.0.0.1:\\([0-9]*\\)\\".*/\\1/p" "$6"`,
}

/** A Tarantool that, before it starts, has another program take the port it is about to listen on. */
export class Thief {
  readonly #directory: string = temporaryDirectory()
  readonly command: string = join(this.#directory, 'tarantool')

  constructor({ isStart, port }: Prey) {
    const holder = `
      require('socket').tcp_server('127.0.0.1', tonumber(os.getenv('PORT')), function() end)
      local bound = io.open('${this.#directory}/bound', 'w') bound:write('yes\\n') bound:close()
      require('fiber').sleep(1000)`
    writeFileSync(join(this.#directory, 'holder.lua'), holder)
    writeFileSync(
      this.command,
      `#!/bin/sh
if ${isStart} && [ -s '${this.#directory}/turns' ]; then
  sed -i 1d '${this.#directory}/turns'
  PORT=$(${port} | head -n 1)
  echo "$PORT" >> '${this.#directory}/stolen'
  export PORT
  rm -f '${this.#directory}/bound'
  mkfifo '${this.#directory}/bound'
  '${real()}' '${this.#directory}/holder.lua' </dev/null >/dev/null 2>&1 &
  read -r _ < '${this.#directory}/bound'
fi
exec '${real()}' "$@"
`,
    )
    chmodSync(this.command, 0o755)
  }

  /** At how many of the next starts it steals. */
  steal(times: number): void {
    writeFileSync(join(this.#directory, 'turns'), '.\n'.repeat(times))
  }

  get stolen(): number[] {
    const path = join(this.#directory, 'stolen')
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : []
  }
}
