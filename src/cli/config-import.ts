import * as nodeModule from 'node:module'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { SetupError } from '../errors.ts'

/** The module of a config, and the files of the project that it consists of. */
export interface ImportedConfig {
  readonly module: unknown
  /** The config's own file, and the files that it imports by a path, as far as they are known. */
  readonly files: readonly string[]
}

interface Vite {
  runnerImport?(
    path: string,
    config: object,
  ): Promise<{ readonly module: unknown; readonly dependencies?: readonly string[] }>
}

interface Resolved {
  readonly url: string
}

type Resolve = (specifier: string, context: { readonly parentURL?: string | undefined }) => Resolved

/** Node 22.15 and later. */
interface Hooks {
  registerHooks?(hooks: { resolve(specifier: string, context: Parameters<Resolve>[1], next: Resolve): Resolved }): {
    deregister(): void
  }
}

// In a URL, this makes Node load a file again that it has loaded before.
const anew = 'tarantool-fixture-read'
let reads = 0

const isInstalled = (path: string): boolean => /[\\/]node_modules[\\/]/.test(path)

async function viteFor(path: string): Promise<Vite> {
  try {
    const vitest = createRequire(path).resolve('vitest/package.json')
    return (await import(pathToFileURL(createRequire(vitest).resolve('vite')).href)) as Vite
  } catch {
    return {}
  }
}

// Vitest's own Vite reads TypeScript, whatever Node can do. It reads each file anew.
async function importByVite(path: string): Promise<ImportedConfig | undefined> {
  const { runnerImport } = await viteFor(path)
  const imported = await runnerImport?.(path, { root: dirname(path), configFile: false, logLevel: 'silent' })
  return imported && { module: imported.module, files: [path, ...(imported.dependencies ?? [])] }
}

/** Lets Node load the files anew that a module imports by a path, and lists them. */
function followImports(query: string, files: Set<string>): () => void {
  const hooks = (nodeModule as Hooks).registerHooks?.({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      const isOfProject = context.parentURL?.includes(query) && /^(?:\.|\/|file:)/.test(specifier)
      if (!isOfProject || !resolved.url.startsWith('file:')) return resolved
      const url = new URL(resolved.url)
      files.add(fileURLToPath(url))
      url.search = query
      return { ...resolved, url: url.href }
    },
  })
  return () => hooks?.deregister()
}

// The modules of CommonJS that the process has loaded. They are the project's: this program is an ES module.
function requiredFiles(path: string): NodeJS.Dict<unknown> {
  const { cache } = createRequire(path)
  return Object.fromEntries(Object.entries(cache).filter(([file]) => !isInstalled(file)))
}

async function importByNode(path: string): Promise<ImportedConfig> {
  const query = `?${anew}=${++reads}`
  const files = new Set([path])
  const { cache } = createRequire(path)
  for (const file of Object.keys(requiredFiles(path))) delete cache[file]
  const stop = followImports(query, files)
  try {
    const attributes = path.endsWith('.json') ? { with: { type: 'json' } } : undefined
    const module = await import(pathToFileURL(path).href + query, attributes)
    return { module, files: [...new Set([...files, ...Object.keys(requiredFiles(path))])] }
  } finally {
    stop()
  }
}

/**
 * Reads the module of a config, also again after an edit. The files that it imports are read again, too, with Node 22.15 and
 * later, with Vitest's Vite, and in CommonJS.
 *
 * @throws SetupError if the file cannot be read
 */
export async function importConfig(path: string): Promise<ImportedConfig> {
  let failure: unknown
  try {
    return await importByNode(path)
  } catch (error) {
    failure = error
  }
  try {
    const imported = isUnknownKind(failure) ? await importByVite(path) : undefined
    if (imported) return imported
  } catch (error) {
    failure = error
  }
  const hint = isUnknownKind(failure)
    ? `Node ${process.versions.node} reads no TypeScript. Use Node 22.18 or later, or install tsx and set NODE_OPTIONS='--import tsx'.`
    : undefined
  throw new SetupError(`cannot read ${path}: ${(failure as Error).message}`, { hint, cause: failure })
}

const isUnknownKind = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION'
