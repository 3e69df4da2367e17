import type { ResolvedOptions } from '../config/resolve.ts'
import { RequestTimeoutError, StartTimeoutError } from '../errors.ts'
import type { ServerDetails } from '../instance/failure/details.ts'
import { errorOfReport } from '../instance/failure/report-failure.ts'
import type { TarantoolInstance } from '../instance/instance.ts'
import { placeSeed } from '../instance/start/place-lua.ts'
import { type FailureReport, parseObject } from '../instance/start/report.ts'
import { sizeOfLog } from '../log/log-size.ts'
import { tailOf } from '../log/tail.ts'
import { luaLiteral } from '../protocol/lua-literal.ts'
import type { SeedTask } from '../seed/seed-task.ts'
import type { TemplateReport } from '../seed/template-store.ts'

/** An instance's report, with the vector clock of its snapshot if it made one. */
export type MemberReport = TemplateReport & { readonly clock?: string }

type Answer<Result> = { readonly result: Result } | { readonly failure: FailureReport }

/**
 * Asks instances for their part in what concerns the data of the whole cluster: fixtures/cluster/data.lua. A request may
 * take as long as the start of an instance.
 */
export class DataRequests {
  readonly #options: Pick<ResolvedOptions, 'timeout' | 'keep'>
  readonly #hint: string | undefined

  constructor(options: Pick<ResolvedOptions, 'timeout' | 'keep'>, hint: string | undefined) {
    this.#options = options
    this.#hint = hint
  }

  /**
   * Runs the seed on a writable instance, unless its data was seeded before.
   *
   * @throws InitScriptError, SeedError, LuaFileError; StartTimeoutError
   */
  async seed(instance: TarantoolInstance, task: SeedTask): Promise<void> {
    await this.#ask(instance, `seed(${luaLiteral(placeSeed(task, instance.workDir))})`, 'seeded')
  }

  /** Asks for the instance's part in a template: what its snapshot consists of, or the data that it has. */
  async template(instance: TarantoolInstance): Promise<MemberReport> {
    return await this.#ask(instance, 'template()', 'compared with its template')
  }

  async #ask<Result>(instance: TarantoolInstance, lua: string, what: string): Promise<Result> {
    const { timeout, keep } = this.#options
    const { fingerprint, logFile } = instance
    const logStart = sizeOfLog(logFile)
    const details = (): ServerDetails => ({
      instance: fingerprint,
      logTail: tailOf(logFile, logStart),
      logFile: keep === 'never' ? undefined : logFile,
    })
    const answer = await this.#send<Result>(instance, lua).catch((cause: unknown) => {
      if (!(cause instanceof RequestTimeoutError)) throw cause
      throw new StartTimeoutError(`${fingerprint} was not ${what} within ${timeout} ms`, {
        ...details(),
        hint: "If it needs longer, set the option 'timeout'.",
        cause,
      })
    })
    if ('result' in answer) return answer.result
    throw errorOfReport(answer.failure, {
      ...details(),
      hint: this.#hint,
      listen: '',
      console: '',
      ports: {},
      chosen: [],
      lineMap: () => undefined,
      standby: undefined,
    })
  }

  async #send<Result>(instance: TarantoolInstance, lua: string): Promise<Answer<Result>> {
    const { timeout } = this.#options
    const [text] = await instance.command(`return require('tarantool-fixture').${lua}`, { timeout })
    return parseObject(String(text)) as unknown as Answer<Result>
  }
}
