/** The workers of a project's test files, as its runner's options say. */
export interface Workers {
  /** The number of workers that can be busy at once, whatever the number of files. */
  readonly most: number
  /** The number of test files that they are going to run; infinity if the runner does not tell. */
  readonly files: number
}

/** The number of servers that several projects need. */
export interface Need {
  /** The number of workers that can be busy at once. */
  readonly busy: number
  /** The number of servers that are started before a worker asks for one. */
  readonly ahead: number
}

/**
 * Adds up the workers of projects that share their servers.
 *
 * @param versions the number of versions in the whole run. Files of all versions run side by side, so the versions
 *   share the workers
 */
export function needOf(projects: Iterable<Workers>, versions: number): Need {
  let [most, files] = [0, 0]
  for (const project of projects) {
    most = Math.max(most, project.most)
    files += project.files
  }
  return { busy: Math.min(files, most), ahead: Math.min(files, Math.ceil(most / versions)) }
}
