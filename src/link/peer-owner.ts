import { readFile, readlink } from 'node:fs/promises'
import { isIPv6, type Socket } from 'node:net'
import { endianness } from 'node:os'

/** A connection of the machine, as Linux lists it. */
interface Row {
  readonly state: string
  readonly uid: number
  readonly inode: string
}

const established = '01'

// Linux writes an address as words of four bytes, in the byte order of the machine.
function asWords(bytes: readonly number[]): string {
  const words = []
  for (let at = 0; at < bytes.length; at += 4) words.push(bytes.slice(at, at + 4))
  const ordered = endianness() === 'LE' ? words.map(word => word.reverse()) : words
  return ordered
    .flat()
    .map(byte => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
}

function bytesOf(ip: string): number[] {
  if (!isIPv6(ip)) return ip.split('.').map(Number)
  const [head = '', tail] = ip.split('::')
  const groups = (text = ''): string[] => text.split(':').filter(group => group !== '')
  const missing = 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...groups(tail)]
  return all.flatMap(group => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]

/** The forms in which Linux lists an end of a connection. A client may use a socket of IPv6 for an address of IPv4. */
function formsOf(ip: string, port: number): string[] {
  const bytes = bytesOf(ip)
  const number = port.toString(16).padStart(4, '0').toUpperCase()
  const forms = bytes.length === 4 ? [bytes, [...mappedPrefix, ...bytes]] : [bytes]
  return forms.map(form => `${asWords(form)}:${number}`)
}

async function readRows(): Promise<string[]> {
  const read = async (path: string): Promise<string[]> => (await readFile(path, 'latin1').catch(() => '')).split('\n')
  return (await Promise.all([read('/proc/net/tcp'), read('/proc/net/tcp6')])).flat()
}

// The columns: number, own address, peer's address, state, queues, timer, retransmits, uid, timeout, inode.
async function rowsOf(own: readonly string[], peer: readonly string[]): Promise<Row[]> {
  const rows = []
  for (const line of await readRows()) {
    const [, local = '', remote = '', state = '', , , , uid, , inode = '0'] = line.trim().split(/\s+/)
    if (own.includes(local) && peer.includes(remote)) rows.push({ state, uid: Number(uid), inode })
  }
  return rows
}

async function inodeOf(socket: Socket): Promise<string | undefined> {
  const { fd } = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle ?? {}
  if (fd === undefined || fd < 0) return undefined
  const link = await readlink(`/proc/self/fd/${fd}`).catch(() => '')
  return /^socket:\[(\d+)\]$/.exec(link)?.[1]
}

/**
 * True if one of some users of the machine has made a connection. False if the system does not say: a closed socket
 * belongs to nobody. For Linux, and connections within the machine.
 */
export async function isOfUser(socket: Socket, uids: readonly number[]): Promise<boolean> {
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  if (!localAddress || !localPort || !remoteAddress || !remotePort) return false
  const inode = await inodeOf(socket)
  const plain = (ip: string): string => ip.replace(/^::ffff:(?=\d+\.)/, '')
  const own = formsOf(plain(localAddress), localPort)
  const peer = formsOf(plain(remoteAddress), remotePort)
  const owner = (await rowsOf(peer, own)).find(row => row.state === established && row.inode !== '0')
  if (!owner || !uids.includes(owner.uid)) return false
  // The peer of a connection that has ended meanwhile may have been another one, with the same port.
  const later = await rowsOf(own, peer)
  return later.some(row => row.state === established && row.inode === inode)
}
