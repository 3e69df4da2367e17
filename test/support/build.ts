import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { repository } from './npm.ts'

const inputs = ['src', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsdown.config.ts']
const mark = join(repository, 'node_modules', '.cache', 'built-from')

function filesIn(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true, recursive: true })
  return entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** Distinguishes two states of the build's inputs. */
function fingerprint(): string {
  const hash = createHash('sha256')
  for (const input of inputs.map(name => join(repository, name))) {
    const files = input.endsWith('src') ? filesIn(input).sort() : [input]
    for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

/** Builds the package, unless these sources have been built already: a build takes longer than most tests. */
export async function build(): Promise<void> {
  const from = fingerprint()
  if (existsSync(join(repository, 'dist', 'index.js')) && existsSync(mark) && readFileSync(mark, 'utf8') === from)
    return
  await execa('npm', ['run', 'build'], { cwd: repository })
  mkdirSync(dirname(mark), { recursive: true })
  writeFileSync(mark, from)
}
