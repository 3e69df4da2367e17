import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { proxiesOf, proxyFor } from '../../../src/binary/download/proxies.ts'
import { DownloadError } from '../../../src/errors.ts'
import { bundled } from '../../support/bundled.ts'
import { linkPrograms, temporaryDirectory } from '../programs.ts'
import { addReleases, type Machine, newMachine } from './fetching.ts'
import { Vendor } from './vendor.ts'

let machine: Machine

beforeEach(async () => {
  machine = await newMachine()
  addReleases(machine.vendor)
})

/**
 * A proxy on loopback that notes what it is asked: `GET http://…`, `CONNECT host:port`, and with which credentials.
 *
 * @param targetPort where all tunnels lead to, on loopback. Default: where they are asked to.
 */
async function startProxy(
  status = 200,
  targetPort?: number,
): Promise<{ port: number; asked: string[]; credentials: Set<unknown> }> {
  const asked: string[] = []
  const credentials = new Set<unknown>()
  const note = ({ method, url, headers }: IncomingMessage): void => {
    asked.push(`${method} ${url}`)
    credentials.add(headers['proxy-authorization'])
  }
  const forward = (incoming: IncomingMessage, response: ServerResponse): void => {
    note(incoming)
    if (status !== 200) return void response.writeHead(status).end()
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = incoming.headers
    request(incoming.url ?? '', { headers }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    }).end()
  }
  const tunnel = (incoming: IncomingMessage, socket: Socket): void => {
    note(incoming)
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    const [host, port] = (incoming.url ?? '').split(':')
    const to = targetPort === undefined ? { port: Number(port), host } : { port: targetPort, host: '127.0.0.1' }
    const target = connect(to, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    for (const side of [socket, target]) side.on('error', () => {})
  }
  const server = createServer(forward).on('connect', tunnel).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked, credentials }
}

describe('HTTP goes through', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('%s', async name => {
    const proxy = await startProxy()
    machine.env[name] = `http://ann:s%65cret@127.0.0.1:${proxy.port}`
    expect((await machine.find('3')).version).toBe('3.10.1')
    expect(proxy.asked).toHaveLength(3)
    expect(proxy.asked[0]).toMatch(new RegExp(`^GET ${machine.vendor.url}/tarantool/.*/Release$`))
    expect([...proxy.credentials]).toEqual([`Basic ${Buffer.from('ann:secret').toString('base64')}`])
  })

  test.each(['127.0.0.1', '*', 'example.org, 127.0.0.1'])('no proxy with NO_PROXY=%s', async text => {
    const proxy = await startProxy()
    machine.env.http_proxy = `http://127.0.0.1:${proxy.port}`
    machine.env.NO_PROXY = text
    expect((await machine.find('3')).version).toBe('3.10.1')
    expect(proxy.asked).toEqual([])
  })

  test('no proxy with NO_PROXY of its host and port, and one with that of another port', async () => {
    const proxy = await startProxy()
    machine.env.http_proxy = `http://127.0.0.1:${proxy.port}`
    machine.env.NO_PROXY = `127.0.0.1:${machine.vendor.port}`
    expect((await machine.find('3.8')).version).toBe('3.8.0')
    expect(proxy.asked).toEqual([])
    machine.env.NO_PROXY = '127.0.0.1:1'
    expect((await machine.find('3.7')).version).toBe('3.7.0')
    expect(proxy.asked).toHaveLength(3)
  })

  test('no proxy, and its failure names none, with NO_PROXY', async () => {
    machine.env.http_proxy = 'http://127.0.0.1:9'
    machine.env.NO_PROXY = '127.0.0.1'
    machine.vendor.stop()
    await expect(machine.find('3')).rejects.toThrow(/^could not connect to http:\/\/127\.0\.0\.1:\d+: /)
  })

  test('no proxy of HTTPS', async () => {
    machine.env.HTTPS_PROXY = 'http://127.0.0.1:9'
    expect((await machine.find('3')).version).toBe('3.10.1')
  })
})

describe('the answer of the proxy comes first', () => {
  test('a dead one', async () => {
    machine.env.HTTP_PROXY = 'http://ann:secret@127.0.0.1:9'
    const error: unknown = await machine.find('3').catch((caught: unknown) => caught)
    expect(String(error)).toMatch(
      /could not connect to http:\/\/127\.0\.0\.1:\d+ \(proxy: http:\/\/127\.0\.0\.1:9\): the connection was refused/,
    )
    expect(String(error)).not.toContain('secret')
  })

  test('one that wants a password', async () => {
    const { port } = await startProxy(407)
    machine.env.HTTP_PROXY = `127.0.0.1:${port}`
    await expect(machine.find('3')).rejects.toThrow(/\(proxy: \S+\): the proxy answers 407/)
  })
})

describe('variables', () => {
  test('are read in lower and upper case', () => {
    expect(proxiesOf({})).toEqual({ httpProxy: '', httpsProxy: '', noProxy: '' })
    expect(proxiesOf({ http_proxy: 'a:1', HTTP_PROXY: 'b:2', HTTPS_PROXY: 'https://c', no_proxy: 'd' })).toEqual({
      httpProxy: 'http://a:1',
      httpsProxy: 'https://c',
      noProxy: 'd',
    })
  })

  test('an empty no_proxy does not hide NO_PROXY', () => {
    expect(proxiesOf({ no_proxy: '', NO_PROXY: 'd' }).noProxy).toBe('d')
  })

  test.each([
    ['', 'http://example.org', 'a'],
    ['', 'https://example.org', 'b'],
    ['*', 'https://example.org', ''],
    ['other.org,example.org', 'http://example.org', ''],
    ['other.org example.org', 'http://EXAMPLE.org', ''],
    ['example.org', 'http://download.example.org', ''],
    ['.example.org', 'http://download.example.org', ''],
    ['*.example.org', 'http://download.example.org', ''],
    ['example.org', 'http://myexample.org', 'a'],
    ['example.org:80', 'http://example.org', ''],
    ['example.org:443', 'https://example.org', ''],
    ['example.org:443', 'http://example.org', 'a'],
    ['example.org:8080', 'http://download.example.org:8080', ''],
    ['::1', 'http://[::1]:8080', ''],
    ['[::1]:8080', 'http://[::1]:8080', ''],
    ['[::1]:8081', 'http://[::1]:8080', 'a'],
  ])('with NO_PROXY=%j, %s has the proxy %j', (noProxy, url, proxy) => {
    expect(proxyFor(new URL(url), { httpProxy: 'a', httpsProxy: 'b', noProxy })).toBe(proxy)
  })

  test('a % in a password has to be written as %25', async () => {
    expect(() => proxiesOf({ HTTP_PROXY: 'http://ann:50%@proxy' })).toThrow(/^HTTP_PROXY has a user's name or password/)
    machine.env.TARANTOOL_FIXTURE_MIRROR = machine.vendor.url.replace('://', '://ann:50%@')
    const finding = machine.find('3')
    await expect(finding).rejects.toThrow(/^TARANTOOL_FIXTURE_MIRROR has a user's name or password that cannot be read/)
    await expect(finding).rejects.toThrow('Write a % in them as %25.')
    machine.env.TARANTOOL_FIXTURE_MIRROR = machine.vendor.url.replace('://', '://ann:50%25@')
    expect((await machine.find('3')).version).toBe('3.10.1')
  })

  test.each(['socks5://127.0.0.1:1080', 'http://', 'a b'])('%j is no proxy of HTTP', text => {
    expect(() => proxiesOf({ HTTPS_PROXY: text })).toThrow(DownloadError)
    expect(() => proxiesOf({ HTTPS_PROXY: text })).toThrow('HTTPS_PROXY is not the address of an HTTP proxy')
  })
})

const finder = await bundled(join(import.meta.dirname, 'finder.ts'))
const hasOpenssl = !(await execa('openssl', ['version'], { reject: false })).failed

describe.skipIf(!hasOpenssl)('HTTPS (needs openssl)', () => {
  let certificate = ''
  let secure: Vendor

  beforeEach(async () => {
    const directory = temporaryDirectory()
    const key = join(directory, 'key.pem')
    certificate = join(directory, 'certificate.pem')
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
        ...[
          '-addext',
          'subjectAltName=DNS:localhost,DNS:download.tarantool.org,IP:127.0.0.1',
          '-keyout',
          key,
          '-out',
          certificate,
        ],
      ],
      { stdio: 'ignore' },
    )
    const options = { key: readFileSync(key), cert: readFileSync(certificate) }
    secure = await Vendor.start(listener => createSecureServer(options, listener))
    addReleases(secure)
    machine.env.TARANTOOL_FIXTURE_MIRROR = secure.url.replace('http:', 'https:')
    linkPrograms(machine.bin, ['tar', 'sh'])
  })

  // NODE_EXTRA_CA_CERTS is read when a process starts.
  const find = (env: NodeJS.ProcessEnv = { NODE_EXTRA_CA_CERTS: certificate }) =>
    execa(process.execPath, [finder, '3'], {
      ...{ env: { ...machine.env, ...env }, extendEnv: false, reject: false, cwd: machine.directory },
    })

  test('goes through a tunnel of HTTPS_PROXY', async () => {
    const proxy = await startProxy()
    machine.env.HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`
    const { stdout } = await find()
    expect(JSON.parse(stdout)).toMatchObject({ version: '3.10.1' })
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT 127.0.0.1:${secure.port}`]))
  })

  test.each([
    ['', /could not connect to https:\/\/download\.tarantool\.org \(proxy: /],
    [
      'no Release',
      /^.*https:\/\/download\.tarantool\.org\/\S+\/Release answers 404: the vendor may have changed the layout since \d/m,
    ],
    ['other paths', /Release lists no main\/binary-\w+\/Packages: the vendor may have changed the layout since \d/],
  ])('of the vendor itself: %s', async (kind, message) => {
    const proxy = await startProxy(kind === '' ? 403 : 200, secure.port)
    machine.env.HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`
    machine.env.TARANTOOL_FIXTURE_MIRROR = ''
    secure.change(
      'Release',
      kind === 'no Release' ? undefined : content => Buffer.from(`${content}`.replaceAll('/binary-', '/other-')),
    )
    const { stderr } = await find()
    expect(stderr).toMatch(message)
    expect(stderr).toContain('TARANTOOL_BIN')
    expect(proxy.asked[0]).toBe('CONNECT download.tarantool.org:443')
  })

  test('goes through no proxy of HTTP', async () => {
    machine.env.HTTP_PROXY = 'http://127.0.0.1:9'
    expect(JSON.parse((await find()).stdout)).toMatchObject({ version: '3.10.1' })
  })

  test('names the answer of a proxy that refuses tunnels', async () => {
    const { port } = await startProxy(403)
    machine.env.HTTPS_PROXY = `http://127.0.0.1:${port}`
    expect((await find()).stderr).toMatch(/could not connect to https:\S+ \(proxy: \S+\): the proxy answers 403/)
  })

  test('is refused with a certificate that nobody knows', async () => {
    const { stderr } = await find({})
    expect(stderr).toMatch(/could not connect to https:\S+: its certificate was not accepted \(\w*SELF_SIGNED/)
    expect(stderr).toContain('Set NODE_EXTRA_CA_CERTS to a file')
  })

  test('is not left for HTTP', async () => {
    secure.intercept = (_, response, path) => {
      response.writeHead(302, { location: `${machine.vendor.url}${path}` }).end()
      return true
    }
    expect((await find()).stderr).toMatch(/answers 302, a redirect to http:\S+, which is not encrypted/)
    expect(machine.vendor.requests).toEqual([])
  })
})
