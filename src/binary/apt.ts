import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommandOptions, type CommandOutput, run } from './command.ts'

/** The package lists that apt reads: the machine's own, or fresh lists in a directory of the fixture. */
export type ListSource = 'machine' | 'own'

/** apt for a user without rights: it reads the machine's settings and writes below one directory only. */
export interface Apt {
  /** Fetches fresh package lists and returns apt's complaints. apt does not fail if it cannot fetch a list. */
  update(): Promise<string[]>
  /** The versions that apt could fetch, by package. A package without a version is left out. */
  candidates(packages: readonly string[]): Promise<Record<string, string>>
  /** The packages that an empty system would need for some packages, with those packages. */
  closure(names: readonly string[]): Promise<string[]>
  /** Downloads packages and returns the paths of the files. apt checks signatures and hashes. */
  download(packages: readonly string[]): Promise<string[]>
}

// The machine's hooks for after an update (packagekit, docker-clean) are for root, and concern the machine's own lists.
const settings = `
Debug::NoLocking "1";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`

/**
 * Prepares apt's directories below `directory`, which must exist.
 *
 * @example
 * const apt = await prepareApt(directory, 'own')
 * await apt.update()
 * await apt.download(['tarantool'])
 */
export async function prepareApt(directory: string, lists: ListSource, options: CommandOptions = {}): Promise<Apt> {
  const paths = {
    settings: join(directory, 'apt.conf'),
    nothing: join(directory, 'empty-status'),
    lists: join(directory, 'lists'),
    cache: join(directory, 'cache'),
    downloads: join(directory, 'downloads'),
  }
  await mkdir(join(paths.lists, 'partial'), { recursive: true })
  await mkdir(join(paths.cache, 'archives', 'partial'), { recursive: true })
  await mkdir(paths.downloads, { recursive: true })
  await writeFile(paths.settings, settings)
  await writeFile(paths.nothing, '')
  const common = [
    ...['-c', paths.settings],
    ...['-o', `Dir::Cache=${paths.cache}`],
    // The plan is for an empty system, not for this one. apt plans nothing on a machine whose packages conflict. The
    // machine may also have installed packages that apt can no longer fetch.
    ...['-o', `Dir::State::status=${paths.nothing}`],
    // Docker's images switch this off, and every call would parse the lists again.
    ...['-o', 'Dir::Cache::pkgcache=pkgcache.bin'],
    ...(lists === 'own' ? ['-o', `Dir::State::Lists=${paths.lists}`] : []),
  ]
  const apt = (program: 'apt-get' | 'apt-cache', args: readonly string[], cwd = directory): Promise<CommandOutput> =>
    run(program, [...common, ...args], { ...options, cwd })

  return {
    async update() {
      const { lines } = await apt('apt-get', ['-q', 'update'])
      return lines.filter(line => /^[EW]: /.test(line))
    },
    async candidates(packages) {
      const found: Record<string, string> = {}
      let name = ''
      const { lines } = await apt('apt-cache', ['policy', ...packages])
      for (const line of lines) {
        name = /^(\S+):$/.exec(line)?.[1] ?? name
        const version = /^ {2}Candidate: (\S+)$/.exec(line)?.[1]
        if (version && version !== '(none)') found[name] = version
      }
      return found
    },
    async closure(names) {
      const { stdout } = await apt('apt-get', ['-qq', '-s', '--no-install-recommends', 'install', ...names])
      return [...stdout.matchAll(/^Inst (\S+)/gm)].map(match => match[1] ?? '')
    },
    async download(packages) {
      const before = new Set(await readdir(paths.downloads))
      await apt('apt-get', ['-q', 'download', ...packages], paths.downloads)
      const files = await readdir(paths.downloads)
      return files.filter(file => file.endsWith('.deb') && !before.has(file)).map(file => join(paths.downloads, file))
    },
  }
}
