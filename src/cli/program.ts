import { Command } from 'commander'
import { ownVersion } from '../package-files.ts'
import type { CleanOptions } from './clean.ts'
import type { ConsoleOptions } from './console/index.ts'
import type { DoctorOptions } from './doctor/index.ts'
import type { OpenOptions } from './open/index.ts'
import type { PsOptions } from './ps.ts'
import type { StartOptions } from './start/index.ts'

/** Writes the answer of a command. */
function say(text: string): void {
  process.stdout.write(text)
}

function addInstall(program: Command): void {
  program
    .command('install')
    .argument('[version]', "'3', '3.5', '3.8.0' or 'latest'")
    .summary('find or download a Tarantool')
    .description('Finds the Tarantool that tests would run, or downloads it, and prints its path.')
    .action(async (version?: string) => say(await (await import('./install.ts')).install(version)))
}

function addCache(program: Command): void {
  const cache = program
    .command('cache')
    .summary('list or clear the cache')
    .description(
      'Lists the contents of the cache: templates of seeded databases, and Tarantools. The cache is the directory that ' +
        'TARANTOOL_FIXTURE_CACHE names, else tarantool-fixture in your cache directory.',
    )
    .action(async () => say(await (await import('./cache.ts')).showCache()))
  cache
    .command('clear')
    .description('Removes everything that no process uses. The next run makes or downloads it anew.')
    .action(async () => say(await (await import('./cache.ts')).clearCache()))
}

const rootOption = [
  '--root <directory>',
  "the parent of the servers' directories, if the config has the option root",
] as const

function addStart(program: Command): void {
  program
    .command('start')
    .argument('[server...]', 'names in the config; all servers if there is none')
    .summary("run the config's servers in the foreground")
    .description(
      'Starts the servers of the config in the foreground: prints their addresses and accounts, then their logs. Ctrl-C ' +
        'ends them, and nothing is left. The config is a tarantool.config file, test/tarantool.ts or tests/tarantool.ts.',
    )
    .option('-c, --config <file>', 'the file with the config')
    .option('-w, --watch', 'start again after an edit of the Lua files or the seed')
    .option('--json', 'print the addresses as one line of JSON')
    .option('--no-log', "do not print the servers' logs")
    .action(async (servers: string[], options: StartOptions) => {
      await (await import('./start/index.ts')).start(servers, options)
    })
}

function addPs(program: Command): void {
  program
    .command('ps')
    .summary('list the servers that run')
    .description('Lists your runs and their servers: each address, and the test file that has the server.')
    .option('--json', 'print JSON')
    .option(...rootOption)
    .action(async (options: PsOptions) => say(await (await import('./ps.ts')).showRunning(options)))
}

function addConsole(program: Command): void {
  program
    .command('console')
    .argument(
      '[server]',
      "a running server's name, port, pid or test file; any other server as user:password@host:port",
    )
    .summary('open a Lua console on a server')
    .description(
      'Opens a Lua console on a running server. It completes names, keeps a history, and takes statements of several ' +
        'lines. Without a terminal, it runs the script that comes from stdin.',
    )
    .option('-e, --eval <lua>', 'run this Lua, print its results and leave')
    .option(...rootOption)
    .action(async (server: string | undefined, options: ConsoleOptions) =>
      say(await (await import('./console/index.ts')).openConsole(server, options)),
    )
}

function addOpen(program: Command): void {
  program
    .command('open')
    .argument('<directory>', 'a directory that the option keep has kept, also from another machine')
    .summary('look at data that was kept')
    .description(
      'Starts a server from data that was kept, and opens a Lua console on it. The server has a copy, and ends with ' +
        'the console. If the application cannot start from the data, the server runs without it.',
    )
    .option('--bare', 'leave the application out')
    .option('--tarantool <version>', 'the version of Tarantool to find or download')
    .option('-e, --eval <lua>', 'run this Lua, print its results and leave')
    .action(async (directory: string, options: OpenOptions) =>
      say(await (await import('./open/index.ts')).open(directory, options)),
    )
}

function addClean(program: Command): void {
  program
    .command('clean')
    .summary('remove the directories of failed tests')
    .description("Removes the directories that keep: 'on-failure' and keep: 'always' have kept.")
    .option('-l, --list', 'list the directories, and remove nothing')
    .option('--json', 'print JSON')
    .option(...rootOption)
    .action(async (options: CleanOptions) => say((await import('./clean.ts')).clean(options)))
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('check that tests can run here')
    .description(
      'Checks everything that a run needs: Node, the runner, the config, Tarantool, a start of a server, the cache, the ' +
        'directories, the limits. Exits with 1 if tests could not run.',
    )
    .option('-c, --config <file>', 'the file with the config')
    .option('--json', 'print JSON')
    .action(async (options: DoctorOptions) => {
      const { text, isWell } = await (await import('./doctor/index.ts')).examine(options)
      say(text)
      if (!isWell) process.exitCode = 1
    })
}

/** The program of the command line. An error of its arguments, and a text that was asked for, is a CommanderError. */
export function makeProgram(): Command {
  const program = new Command('tarantool-fixture')
    .description('Tarantool servers for tests: https://www.npmjs.com/package/tarantool-fixture')
    .version(ownVersion(), '-v, --version', 'show the version of tarantool-fixture')
    .helpOption('-h, --help', 'show this text')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('Run tarantool-fixture --help for a list of commands.')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'tarantool-fixture: ')),
    })
  addStart(program)
  addConsole(program)
  addPs(program)
  addOpen(program)
  addClean(program)
  addInstall(program)
  addCache(program)
  addDoctor(program)
  return program
}
