import { TarantoolFixtureError } from './errors.ts'

/**
 * Runs the body of a method. An error of this package gets the stack of the method's caller. Frames of protocols and
 * leases do not help the author of a test, and Vitest shows only ten frames.
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
