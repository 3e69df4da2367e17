import type { Database } from './connection.ts'

export interface Job {
  id: number
  kind: string
  payload: Record<string, unknown>
}

type JobTuple = [id: number, state: string, kind: string, payload: Record<string, unknown>]

const toJob = ([id, , kind, payload]: JobTuple): Job => ({ id, kind, payload })

/** Work that is done later, first in, first out. */
export class JobQueue {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async put(kind: string, payload: Record<string, unknown>): Promise<Job> {
    const put = await this.#database.tuple<JobTuple>('put_job', kind, payload)
    if (!put) throw new Error('put_job returned nothing')
    return toJob(put)
  }

  async take(): Promise<Job | undefined> {
    const job = await this.#database.tuple<JobTuple>('take_job')
    return job ? toJob(job) : undefined
  }

  async finish(job: Job): Promise<void> {
    await this.#database.tuple('finish_job', job.id)
  }

  async count(state: 'ready' | 'taken'): Promise<number> {
    return await this.#database.number('count_jobs', state)
  }
}
