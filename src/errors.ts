// Every error class of the package, by subject.

export * from './errors/base.ts'
export * from './errors/binary.ts'
export * from './errors/config.ts'
export * from './errors/request.ts'
export * from './errors/run.ts'
export * from './errors/server.ts'
