import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { evalFrame } from '../support/intruder.ts'

/** A client of the binary protocol that tells what has happened to its connection. */
export class Client {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  /** `'closed'`, or the code of the error. */
  readonly ended: Promise<string>

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', data => {
      this.#received = Buffer.concat([this.#received, data])
    })
    this.ended = new Promise(resolve => {
      let code = 'closed'
      socket.once('error', error => {
        code = (error as NodeJS.ErrnoException).code ?? error.message
      })
      socket.once('close', () => resolve(code))
    })
    onTestFinished(() => void socket.destroy())
  }

  /** Connects, without waiting for the greeting. @throws the system's error */
  static async connect(port: number | string, host = '127.0.0.1'): Promise<Client> {
    const socket = connect(Number(port), host)
    const client = new Client(socket)
    await once(socket, 'connect')
    return client
  }

  get bytes(): number {
    return this.#received.length
  }

  async receive(bytes: number): Promise<void> {
    while (this.bytes < bytes) await once(this.#socket, 'data')
  }

  /** Waits for the greeting. */
  async greeted(): Promise<this> {
    await this.receive(128)
    return this
  }

  /** Sends Lua, without waiting for the reply. */
  send(lua: string): void {
    this.#socket.write(evalFrame(lua))
  }

  /** Sends the end of the stream. */
  end(): void {
    this.#socket.end()
  }

  async waitFor(text: string): Promise<void> {
    while (!this.#received.includes(text)) await once(this.#socket, 'data')
  }

  async ask(text: string): Promise<void> {
    this.send(`return '${text}'`)
    await this.waitFor(text)
  }
}
