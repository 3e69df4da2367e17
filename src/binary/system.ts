import { readFileSync } from 'node:fs'

/** The operating system: the facts that decide where Tarantool comes from. */
export interface OperatingSystem {
  readonly platform: string
  /** Debian's word for the processor: `amd64`, `arm64`. */
  readonly architecture: string
  /** os-release(5): `debian`; empty if the file does not exist. */
  readonly id: string
  /** os-release(5), ID_LIKE: the distributions that it descends from. */
  readonly like: readonly string[]
  /** `12`. If a distribution has no number, the code name or `rolling`. */
  readonly version: string
  /** os-release(5): `bookworm`. For a distribution that descends from Ubuntu, Ubuntu's code name. */
  readonly codename?: string | undefined
  /** The C library that programs of this system use. */
  readonly libc: 'glibc' | 'musl'
  /** The name for people: `Debian 12`. */
  readonly name: string
}

// Debian's names for Node's names, if they differ.
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'i386', arm: 'armhf', ppc64: 'ppc64el' }

function parse(osRelease: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of osRelease.split('\n')) {
    const match = /^([A-Z_]+)=(["']?)(.*)\2$/.exec(line.trim())
    if (match) fields.set(match[1] ?? '', match[3] ?? '')
  }
  return fields
}

/** Reads the text of an os-release file; empty if the file does not exist. */
export function describeSystem(
  osRelease: string,
  platform: string = process.platform,
  arch: string = process.arch,
  libc?: OperatingSystem['libc'],
): OperatingSystem {
  const fields = parse(osRelease)
  const version = fields.get('VERSION_ID') || fields.get('VERSION_CODENAME') || 'rolling'
  const distribution = (fields.get('NAME') ?? '').replace(/ GNU\/Linux$/, '')
  const id = fields.get('ID') ?? ''
  const like = (fields.get('ID_LIKE') ?? '').split(' ').filter(Boolean)
  return {
    platform,
    architecture: architectures[arch] ?? arch,
    id,
    like,
    codename:
      fields.get('UBUNTU_CODENAME') || fields.get('DEBIAN_CODENAME') || fields.get('VERSION_CODENAME') || undefined,
    libc: libc ?? ([id, ...like].includes('alpine') ? 'musl' : 'glibc'),
    version,
    name: platform === 'darwin' ? 'macOS' : distribution ? `${distribution} ${version}` : platform,
  }
}

let current: OperatingSystem | undefined

/**
 * The C library in the memory map of a process. Void and other distributions have editions with musl, which os-release
 * does not show. Undefined for a program without a C library. Node's own report also has it, and costs ten times as
 * much.
 */
export function libcIn(maps: string): OperatingSystem['libc'] | undefined {
  if (/\/ld-musl-[^/\n]*$/m.test(maps)) return 'musl'
  return /\/(?:libc\.so\.6|libc-\d[\d.]*\.so|ld-linux[^/\n]*)$/m.test(maps) ? 'glibc' : undefined
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not every system has this file.
    return ''
  }
}

/** The system that this process runs on. */
export function currentSystem(): OperatingSystem {
  if (current) return current
  const osRelease = readOrNothing('/etc/os-release') || readOrNothing('/usr/lib/os-release')
  const libc = libcIn(readOrNothing('/proc/self/maps'))
  current = describeSystem(osRelease, process.platform, process.arch, libc)
  return current
}

/** True if Debian's tools and packages can be expected: on Debian, Ubuntu and their descendants. */
export function isDebianLike({ platform, id, like }: OperatingSystem): boolean {
  return platform === 'linux' && [id, ...like].some(name => name === 'debian' || name === 'ubuntu')
}

/** The name of the directory for installations on such a system. Binaries for one system do not run on another. */
export function systemKey({ platform, id, version, architecture }: OperatingSystem): string {
  const name = platform === 'linux' ? [id || 'linux', version, architecture] : [platform, architecture]
  return name.join('-').replace(/[^\w.-]/g, '_')
}
