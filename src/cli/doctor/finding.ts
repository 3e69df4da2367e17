/** The result of one check. `note`: tests can run, but a person may want to know. */
export interface Finding {
  readonly subject: string
  readonly state: 'ok' | 'note' | 'problem'
  readonly says: string
  /** Tells what to do. */
  readonly advice?: string | undefined
}

/** Makes a finding of an error: its first line, and what follows as the advice. */
export function problem(subject: string, error: unknown, state: 'note' | 'problem' = 'problem'): Finding {
  const { summary, hint, message } = error as Error & { summary?: string; hint?: string }
  return { subject, state, says: summary ?? message, advice: hint }
}
