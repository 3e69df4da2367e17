import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeProgram } from '../programs.ts'

/** A package of Tarantool to build. */
export interface PackageOptions {
  /** As the package spells it: `2.11.2.g1bac2d257b-1`, `3.8.0-1`. */
  version: string
  /** What the program says; default: the upstream part of the package's version. */
  says?: string
  /** The shell script that is the program; default: one that says its version. */
  script?: string
  /** A real program in the place of a script. */
  program?: string
  architecture?: string
  depends?: string
  compression?: 'none' | 'gz' | 'xz' | 'zst'
  /** Real files in the place of a program, by their paths in the package. */
  files?: Readonly<Record<string, string>>
  /** Who may do what with the program. */
  mode?: number
  /** The user ID that its files have. Default: one that is not root. */
  owner?: number
  /** Bytes of ballast, so that a download takes several packets. */
  ballast?: number
  name?: string
}

/** A .deb with what an index says of it. */
export interface DebPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly depends: string
  readonly content: Buffer
}

/** One member of an ar archive, with the padding after it. */
function member(name: string, content: Buffer): Buffer {
  const field = (text: string | number, width: number): string => String(text).padEnd(width)
  const header = [field(name, 16), field(0, 12), field(0, 6), field(0, 6), field(100644, 8), field(content.length, 10)]
  const padding = content.length % 2 === 0 ? '' : '\n'
  return Buffer.concat([Buffer.from(`${header.join('')}\`\n`), content, Buffer.from(padding)])
}

export const ar = (members: Readonly<Record<string, Buffer>>): Buffer =>
  Buffer.concat([Buffer.from('!<arch>\n'), ...Object.entries(members).map(([name, content]) => member(name, content))])

function pack(tar: Buffer, compression: PackageOptions['compression']): Buffer {
  if (compression === 'none') return tar
  if (compression === 'gz') return gzipSync(tar)
  return execFileSync(compression === 'xz' ? 'xz' : 'zstd', ['-c'], { input: tar, maxBuffer: 2 ** 28 })
}

function copyFiles(files: Readonly<Record<string, string>>, tree: string): void {
  for (const [path, file] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    copyFileSync(file, join(tree, path))
  }
}

function writeFiles(tree: string, { version, script, program, mode, ballast = 0, ...options }: PackageOptions): void {
  const says = options.says ?? version.replace(/-\d+$/, '').replace(/\.g/, '-0-g')
  const path = join(tree, 'usr/bin/tarantool')
  const noise = ballast > 0 ? `\n: ${Buffer.alloc(ballast / 2, version).toString('hex')}` : ''
  writeProgram(path, script ?? `echo 'Tarantool ${says}'${noise}`)
  if (program !== undefined) copyFileSync(program, path)
  if (mode !== undefined) chmodSync(path, mode)
  copyFiles({ 'usr/share/doc/tarantool/copyright': path }, tree)
}

/** Builds a .deb of Tarantool, without dpkg. */
export function buildPackage(options: PackageOptions): DebPackage {
  const {
    version,
    name = 'tarantool',
    architecture = 'amd64',
    depends = '',
    compression = 'gz',
    owner = 1000,
  } = options
  const tree = mkdtempSync(join(tmpdir(), 'tarantool-fixture-package-'))
  try {
    if (options.files) copyFiles(options.files, tree)
    else writeFiles(tree, options)
    const tar = execFileSync('tar', ['-C', tree, '-c', `--owner=${owner}`, `--group=${owner}`, '--mtime=@0', '.'], {
      maxBuffer: 2 ** 28,
    })
    const data = pack(tar, compression)
    const content = ar({
      'debian-binary': Buffer.from('2.0\n'),
      'control.tar.gz': gzipSync(Buffer.alloc(1024)),
      [`data.tar${compression === 'none' ? '' : `.${compression}`}`]: data,
    })
    return { name, version, architecture, depends, content }
  } finally {
    rmSync(tree, { recursive: true })
  }
}
