/** The advice to a user whose server is frozen. */
export const resumeHint = 'resume() lets it run again.'
