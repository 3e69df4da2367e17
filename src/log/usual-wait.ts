/**
 * The default wait for a log line, in milliseconds. Vitest and Jest give a test 5 s by default. The fixture's error has to
 * come first, because it says more.
 */
export const usualWait = 4000
