declare module 'tarantool-driver' {
  export default class TarantoolConnection {
    constructor(options: {
      host: string
      port: number
      enableOfflineQueue?: boolean
      retryStrategy?: (attempts: number) => number
    })
    on(event: 'error', listener: (error: Error) => void): void
    call(name: string, ...args: unknown[]): Promise<unknown[]>
    disconnect(): void
  }
}
