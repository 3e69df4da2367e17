declare module 'tarantool-driver' {
  export default class TarantoolConnection {
    constructor(options: { host: string; port: number; username?: string; password?: string; lazyConnect?: boolean })
    call(name: string, ...args: unknown[]): Promise<unknown[]>
    disconnect(): void
  }
}
