import { styleText } from 'node:util'
import type { Finding } from './finding.ts'
import {
  attempt,
  checkCache,
  checkEngine,
  checkLeftovers,
  checkOpenFiles,
  checkPlace,
  checkSystem,
  checkVariables,
} from './machine.ts'
import { checkConfig, checkNode, checkRunners, checkStart, checkTarantool } from './project.ts'

/** The options of the command `doctor`. */
export interface DoctorOptions {
  readonly config?: string
  readonly json?: boolean
}

const marks = { ok: '✓', note: '!', problem: '✗' } as const
const colors = { ok: 'green', note: 'yellow', problem: 'red' } as const

function markOf({ state }: Finding): string {
  const hasColors = process.stdout.isTTY && process.stdout.hasColors()
  return hasColors ? styleText(colors[state], marks[state]) : marks[state]
}

const width = 12

function textOf(finding: Finding): string {
  const { subject, says, advice } = finding
  const indent = ' '.repeat(width + 4)
  const lines = [says, ...(advice === undefined ? [] : [`→ ${advice}`])].flatMap(text => text.split('\n'))
  return `${markOf(finding)} ${subject.padEnd(width)}  ${lines.join(`\n${indent}`)}\n`
}

/** Checks everything that a run needs. `isWell` is false if tests could not run. */
export async function examine(options: DoctorOptions): Promise<{ text: string; isWell: boolean }> {
  const tarantool = await attempt('Tarantool', checkTarantool)
  const findings = [
    checkSystem(),
    checkNode(),
    checkRunners(),
    await attempt('Config', async () => await checkConfig(options.config)),
    tarantool,
    ...(tarantool.state === 'ok' ? [await attempt('Start', checkStart)] : []),
    checkCache(),
    checkPlace(),
    checkOpenFiles(),
    await checkEngine(),
    checkLeftovers(),
    checkVariables(),
  ].filter(finding => finding !== undefined)
  const isWell = findings.every(({ state }) => state !== 'problem')
  const text = options.json ? `${JSON.stringify(findings, undefined, 2)}\n` : findings.map(textOf).join('')
  return { text, isWell }
}
