import { digestOf, fileDigest } from './file-digest.ts'

/** What fixtures/agent/inputs.lua noted: absolute paths of files, and names of environment variables. */
export interface NotedInputs {
  readonly files: readonly string[]
  readonly variables: readonly string[]
}

/** What a template's data was made from, beside the fingerprint: each with the digest of what it held. */
export interface TemplateInputs {
  readonly files: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
}

/** The environment that a server is started with. */
export type ServerEnvironment = Readonly<Record<string, string>>

// A value may be a secret; a template lies in a cache.
const digestOfVariable = (value: string | undefined): string => (value === undefined ? 'absent' : digestOf(value))

/** What such inputs hold now. */
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

/** Whether all of them are as they were. */
export async function areUnchanged(inputs: TemplateInputs, environment: ServerEnvironment): Promise<boolean> {
  const names = { files: Object.keys(inputs.files), variables: Object.keys(inputs.variables) }
  const now = await currentInputs(names, environment)
  const isSame = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): boolean =>
    Object.entries(before).every(([name, digest]) => after[name] === digest)
  return isSame(inputs.files, now.files) && isSame(inputs.variables, now.variables)
}
