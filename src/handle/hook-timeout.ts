/** In milliseconds: a server's own timeouts end first, because their errors say more than the runner's would. */
export const hookTimeout = 120_000
