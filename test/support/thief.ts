import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './instances.ts'

const real = (): string => process.env.TARANTOOL_BIN ?? 'tarantool'

/** A Tarantool that, before it starts, has another program take the port it is about to listen on. */
export class Thief {
  readonly #directory: string = temporaryDirectory()
  readonly command: string = join(this.#directory, 'tarantool')

  constructor(file: string, name: string) {
    const holder = `
      require('socket').tcp_server('127.0.0.1', tonumber(os.getenv('PORT')), function() end)
      local bound = io.open('${this.#directory}/bound', 'w') bound:write('yes\\n') bound:close()
      require('fiber').sleep(1000)`
    writeFileSync(join(this.#directory, 'holder.lua'), holder)
    writeFileSync(
      this.command,
      `#!/bin/sh
if [ "$1" != --version ] && [ -s '${this.#directory}/turns' ]; then
  sed -i 1d '${this.#directory}/turns'
  PORT=$(sed -n 's/.*\\["${name}"\\]="\\{0,1\\}\\(127.0.0.1:\\)\\{0,1\\}\\([0-9]\\{2,\\}\\).*/\\2/p' "$(dirname "$1")/${file}" | head -n 1)
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
