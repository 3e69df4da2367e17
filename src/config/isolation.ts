/** The names of all isolations, for checks where no schema can be loaded. */
export const isolations = ['reset', 'file', 'restart', 'process', 'none'] as const

/**
 * The state in which a test finds its server.
 *
 * - `'reset'`: the server is as it was before the previous test. The fixture undoes a test's changes, at a cost that
 *   grows with the number of changes. Changes of `beforeAll` last for the tests of its suite.
 * - `'file'`: the server is as the previous test of the file left it. Between files it is reset. For `test.concurrent`.
 * - `'restart'`: the server is newly started for each test.
 * - `'process'`: like `'restart'`, without waiting for the start.
 * - `'none'`: the server is as its last user left it.
 */
export type Isolation = 'none' | 'file' | 'reset' | 'process' | 'restart'
