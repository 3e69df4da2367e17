import { digestOf, fileDigest } from './file-digest.ts'

/** Inputs that fixtures/agent/inputs.lua noted: absolute paths of files, and names of environment variables. */
export interface NotedInputs {
  readonly files: readonly string[]
  readonly variables: readonly string[]
}

/** The inputs of a template's data besides the fingerprint, each with the digest of its content. */
export interface TemplateInputs {
  readonly files: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
}

/** The environment in which a server starts. */
export type ServerEnvironment = Readonly<Record<string, string>>

// Only the digest is stored: a value can be a secret, and the template is in a cache.
const digestOfVariable = (value: string | undefined): string => (value === undefined ? 'absent' : digestOf(value))

/** Reads the current digests of the inputs. */
export async function currentInputs(
  { files, variables }: NotedInputs,
  environment: ServerEnvironment,
): Promise<TemplateInputs> {
  const digests = files.map(async file => [file, await fileDigest(file)] as const)
  return {
    files: Object.fromEntries(await Promise.all(digests)),
    variables: Object.fromEntries(variables.map(name => [name, digestOfVariable(environment[name])])),
  }
}

/** True if no input has changed. */
export async function areUnchanged(inputs: TemplateInputs, environment: ServerEnvironment): Promise<boolean> {
  const names = { files: Object.keys(inputs.files), variables: Object.keys(inputs.variables) }
  const now = await currentInputs(names, environment)
  const isSame = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): boolean =>
    Object.entries(before).every(([name, digest]) => after[name] === digest)
  return isSame(inputs.files, now.files) && isSame(inputs.variables, now.variables)
}
