import { TarantoolFixtureError } from './errors.ts'

/**
 * Runs what a method does. An error of ours gets the stack of the method's caller: the frames of protocols and leases tell a
 * test's author nothing, and Vitest shows no more than ten.
 */
export async function fromCaller<Result>(
  method: (...args: never[]) => unknown,
  run: () => Promise<Result>,
): Promise<Result> {
  const site: { stack?: string } = {}
  Error.captureStackTrace(site, method)
  try {
    return await run()
  } catch (error) {
    const frames = site.stack?.indexOf('\n    at ') ?? -1
    if (error instanceof TarantoolFixtureError && frames >= 0) {
      error.stack = `${error.name}: ${error.message}${site.stack?.slice(frames)}`
    }
    throw error
  }
}
