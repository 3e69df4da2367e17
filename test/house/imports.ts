import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The directory of the sources. */
export const sources: string = fileURLToPath(new URL('../../src/', import.meta.url))

/** The folder of a file of the sources: `instance` of `instance/place/port.ts`; `.` of the files on top. */
export const folderOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '.')

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(sources, file), 'utf8'), true, true)
  return importedFiles.map(({ fileName }) => fileName).filter(name => name.startsWith('.'))
}

// From the CommonJS faces, modules are named as they will be when they are built.
const asSource = (name: string): string => name.replace(/\.js$/, '.ts')

/** Each file of the sources, relative to their directory, with the files that it imports. Type-only imports count. */
export function readImports(): Map<string, string[]> {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  return new Map(files.map(file => [file, importsOf(file).map(name => join(dirname(file), asSource(name)))]))
}

/** A circle of files that import each other, as the list of its files; undefined if there is none. */
export function findCircle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (finished.has(file)) return undefined
    path.push(file)
    for (const imported of imports.get(file) ?? []) {
      const circle = visit(imported)
      if (circle) return circle
    }
    path.pop()
    finished.add(file)
    return undefined
  }
  for (const file of imports.keys()) {
    const circle = visit(file)
    if (circle) return circle
  }
  return undefined
}
