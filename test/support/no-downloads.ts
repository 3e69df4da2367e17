import process from 'node:process'

/** An address of this machine where nobody answers. */
export const deadMirror = 'http://127.0.0.1:9/'

// Tests and benches ask nothing outside of this machine, and their child processes inherit that.
process.env.TARANTOOL_FIXTURE_MIRROR = deadMirror
