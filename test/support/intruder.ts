import { createInterface } from 'node:readline'
import { iprotoKey, requestType } from '../../src/protocol/iproto/constants.ts'
import { encodeFrame } from '../../src/protocol/iproto/frames.ts'
import { spawnAsOther } from './other-user.ts'

/** Actions of a connection of another user. */
export interface Intrusion {
  readonly host?: string
  readonly port: number
  /** The port that the connection comes from. Default: any. */
  readonly localPort?: number
  /** Lua that the connection requests at once, before the server has sent anything. */
  readonly lua?: string
  /** Then sends more than the server's side can hold, so that the connection's end does not arrive either. */
  readonly flood?: boolean
  /** The next action. Default: wait for the end of the connection, or for an answer. */
  readonly after?: 'wait' | 'close' | 'reset' | 'half-close' | undefined
}

// Each line of its stdin is an intrusion; each gets a line with what the server said, in base64.
const script = `
  import { connect } from 'node:net'
  import { createInterface } from 'node:readline'
  createInterface(process.stdin).on('line', async line => {
    const { host = '127.0.0.1', port, localPort, bytes, flood, after = 'wait' } = JSON.parse(line)
    const socket = connect({ host, port, localPort })
    const received = []
    socket.on('data', chunk => {
      received.push(chunk)
      // More than the greeting.
      if (bytes !== '' && Buffer.concat(received).length > 128) socket.end()
    })
    socket.on('error', ({ code }) => received.push(Buffer.from(code)))
    const closed = new Promise(resolve => socket.on('close', resolve))
    socket.on('connect', () => {
      const leave = () => {
        if (after === 'close') socket.destroy()
        if (after === 'reset') socket.resetAndDestroy()
        if (after === 'half-close') socket.end(() => console.log(''))
      }
      socket.write(Buffer.from(bytes, 'hex'), flood ? undefined : leave)
      if (flood) {
        socket.write(Buffer.alloc(32 * 1024 * 1024))
        leave()
      }
    })
    await closed
    if (after !== 'half-close') console.log(Buffer.concat(received).toString('base64'))
  })`

/** A request to run Lua, as bytes of the binary protocol. */
export function evalFrame(lua: string): Buffer {
  return encodeFrame(
    requestType.eval,
    1,
    new Map<number, unknown>([
      [iprotoKey.expression, lua],
      [iprotoKey.tuple, []],
    ]),
  )
}

/** A process of another user that connects to servers. */
export class Intruder {
  readonly #child: ReturnType<typeof spawnAsOther>
  readonly #lines: AsyncIterator<string>

  constructor(uid?: number) {
    this.#child = spawnAsOther(script, [], uid)
    const { stdout } = this.#child
    if (!stdout) throw new Error('no stdout')
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]()
  }

  /** @returns the bytes that the server sent until the connection ended */
  async connect({ lua, ...intrusion }: Intrusion): Promise<string> {
    const bytes = lua === undefined ? '' : evalFrame(lua).toString('hex')
    this.#child.stdin?.write(`${JSON.stringify({ ...intrusion, bytes })}\n`)
    const { value } = await this.#lines.next()
    return Buffer.from(String(value ?? ''), 'base64').toString('latin1')
  }
}
