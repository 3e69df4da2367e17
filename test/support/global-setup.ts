// Placeholder until src/binary can install one: the tests run the tarantool that TARANTOOL_BIN names or PATH has.
export default function setup(): void {}
