import { expectTypeOf } from 'expect-type'
import {
  ByteString,
  Datetime,
  type DatetimeFields,
  Decimal,
  type ErrorValue,
  Interval,
  type IntervalAdjust,
  type IntervalFields,
  UnknownExtension,
  Uuid,
} from 'tarantool-fixture'
import { Decimal as DecimalOfTests, type IntervalFields as FieldsOfTests } from 'tarantool-fixture/values'

expectTypeOf(new Decimal('1.5').toNumber()).toEqualTypeOf<number>()
expectTypeOf(String(new Uuid('f81d4fae-7dec-11d0-a765-00a0c91e6bf6'))).toEqualTypeOf<string>()
expectTypeOf(Datetime.fromDate(new Date()).toDate()).toEqualTypeOf<Date>()
expectTypeOf(Datetime).constructorParameters.toEqualTypeOf<[fields: DatetimeFields]>()
expectTypeOf(new Interval({ year: 1n, adjust: 'last' }).adjust).toEqualTypeOf<IntervalAdjust>()
expectTypeOf(Interval).constructorParameters.toEqualTypeOf<[fields?: IntervalFields | undefined]>()
expectTypeOf(new ByteString(2)).toExtend<Uint8Array>()
expectTypeOf(new UnknownExtension(42, Uint8Array.of(1)).type).toEqualTypeOf<number>()
expectTypeOf<ErrorValue['boxCode']>().toEqualTypeOf<number>()

// @ts-expect-error A number has lost digits already.
new Decimal(1.5)
// @ts-expect-error A datetime has seconds.
new Datetime({ nanoseconds: 1 })
// @ts-expect-error There is no such field.
new Interval({ years: 1 })
// @ts-expect-error A value does not change.
new Decimal('1.5').text = '2'

expectTypeOf(new DecimalOfTests('1.5').toString()).toEqualTypeOf<string>()
expectTypeOf<FieldsOfTests>().toEqualTypeOf<IntervalFields>()
