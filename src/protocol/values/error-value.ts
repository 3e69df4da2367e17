import { recogniseCopies } from '../../copies.ts'
import type { BoxErrorFrame } from '../../errors.ts'

/**
 * An error object of Tarantool that is a value: returned or stored, not raised. It can be sent back.
 *
 * A server sends one where the connection asked for it: from 2.10 on always; from 2.4.1 on after
 * `box.session.settings.error_marshaling_enabled = true`; else the value is the error's message, a string.
 *
 * @example
 * const [failure] = await tarantool.eval<[ErrorValue]>('local ok, e = pcall(box.error, box.error.NO_SUCH_USER, "ann") return e')
 * failure.boxCode // 45
 */
export class ErrorValue {
  static {
    recogniseCopies(ErrorValue)
  }

  /** The errors, outermost first. */
  readonly frames: readonly BoxErrorFrame[]

  constructor(frames: readonly BoxErrorFrame[]) {
    this.frames = Object.freeze([...frames])
    Object.freeze(this)
  }

  /** The message of the outermost error. */
  get message(): string {
    return this.frames[0]?.message ?? ''
  }

  /** Its number in `box.error`; 0 where there is none. */
  get boxCode(): number {
    return this.frames[0]?.code ?? 0
  }

  /** Tarantool's class of it, such as `ClientError`. */
  get boxType(): string {
    return this.frames[0]?.type ?? ''
  }

  /** Its message. */
  toString(): string {
    return this.message
  }
}
