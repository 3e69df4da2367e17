import { recogniseCopies } from '../../copies.ts'
import type { BoxErrorFrame } from '../../errors.ts'

/**
 * An error object of Tarantool that was returned or stored as a value, not raised. It can be sent back.
 *
 * Servers from 2.10 on always send such values. Servers from 2.4.1 on send them after
 * `box.session.settings.error_marshaling_enabled = true`. Otherwise the value is the error's message, a string.
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

  /** The outermost error's number in `box.error`; 0 if it has no number. */
  get boxCode(): number {
    return this.frames[0]?.code ?? 0
  }

  /** Tarantool's class of the outermost error, such as `ClientError`. */
  get boxType(): string {
    return this.frames[0]?.type ?? ''
  }

  /** The message of the outermost error. */
  toString(): string {
    return this.message
  }
}
