/** The workers of a project's test files, as its runner's options say. */
export interface Workers {
  /** How many can be busy at once, however many files there are. */
  readonly most: number
  /** How many test files they are going to run; infinity if the runner does not tell. */
  readonly files: number
}

/** How many servers several projects need. */
export interface Need {
  /** How many workers can be busy at once. */
  readonly busy: number
  /** How many servers are started before a worker asks for one. */
  readonly ahead: number
}

/**
 * Adds up the workers of projects that share their servers.
 *
 * @param versions how many versions the whole run is for. Files of all versions run side by side, so the versions share
 *   the workers
 */
export function needOf(projects: Iterable<Workers>, versions: number): Need {
  let [most, files] = [0, 0]
  for (const project of projects) {
    most = Math.max(most, project.most)
    files += project.files
  }
  return { busy: Math.min(files, most), ahead: Math.min(files, Math.ceil(most / versions)) }
}
