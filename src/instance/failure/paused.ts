/** The advice to a user whose server is frozen. */
export const resumeHint = "process.sendSignal('SIGCONT') lets it run again."
