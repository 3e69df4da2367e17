/**
 * The environment of a server: the owner's, without the TT_* variables, which would configure box.cfg from 2.8.1 on and
 * switch 3.x to its config mode; then the binary's own needs; then the user's.
 */
export function serverEnvironment(
  binary: Readonly<Record<string, string>>,
  user: Readonly<Record<string, string>>,
  owner: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(owner)) {
    if (value !== undefined && !name.startsWith('TT_')) environment[name] = value
  }
  for (const [name, value] of Object.entries(binary)) {
    // A search path for libraries goes before the user's, and does not take its place.
    environment[name] = name.endsWith('_PATH') && environment[name] ? `${value}:${environment[name]}` : value
  }
  return { ...environment, ...user }
}
