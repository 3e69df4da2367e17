/** The names of all isolations, for checks where no schema can be loaded. */
export const isolations = ['reset', 'file', 'restart', 'process', 'none'] as const

/**
 * How a test finds its server.
 *
 * - `'reset'`: as it was before the test before it. What a test changes is undone, at the price of what it changed; what
 *   `beforeAll` changes lasts for the tests of its suite.
 * - `'file'`: as the tests before it in its file left it; between files as for `'reset'`. For `test.concurrent`.
 * - `'restart'`: newly started for each test.
 * - `'process'`: the same, without waiting for the start.
 * - `'none'`: as whoever had it before left it.
 */
export type Isolation = 'none' | 'file' | 'reset' | 'process' | 'restart'
