/**
 * Types for values that JavaScript has no type for. Test files can import this small module, in CommonJS and in ES
 * modules.
 *
 * @example
 * import { Decimal } from 'tarantool-fixture/values'
 * await tarantool.call('add_price', new Decimal('19.90'))
 *
 * @module tarantool-fixture/values
 */
export { ByteString } from './protocol/values/byte-string.ts'
export { Datetime, type DatetimeFields } from './protocol/values/datetime.ts'
export { Decimal } from './protocol/values/decimal.ts'
export { ErrorValue } from './protocol/values/error-value.ts'
export { Interval, type IntervalAdjust, type IntervalFields } from './protocol/values/interval.ts'
export { UnknownExtension } from './protocol/values/unknown-extension.ts'
export { Uuid } from './protocol/values/uuid.ts'
