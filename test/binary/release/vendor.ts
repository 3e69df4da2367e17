import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import type { DebPackage } from './packages.ts'

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

/** A repository as a line of apt's sources names it. */
export interface RepositoryOptions {
  distribution?: string
  architectures?: readonly string[]
  /** Changes the text of `Packages` before sums are taken. */
  edit?: (packages: string) => string
}

/** The files of one repository, by their paths below it. */
function repositoryFiles(
  packages: readonly DebPackage[],
  { distribution = 'static', architectures = ['amd64', 'arm64'], edit = text => text }: RepositoryOptions = {},
): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  const sums: string[] = []
  for (const architecture of architectures) {
    const paragraphs = packages
      .filter(({ architecture: of }) => of === architecture || of === 'all')
      .map(({ name, version, depends, architecture: of, content }) => {
        const path = `pool/main/t/tarantool/${name}_${version}_${of}.deb`
        files.set(path, content)
        return [
          `Package: ${name}`,
          `Version: ${version}`,
          `Architecture: ${of}`,
          'Description: In-memory database',
          ' with a Lua application server',
          ' .',
          ...(depends === '' ? [] : [`Depends: ${depends}`]),
          `Filename: ${path}`,
          `Size: ${content.length}`,
          `SHA256: ${sha256(content)}`,
        ].join('\n')
      })
    const plain = Buffer.from(edit(`${paragraphs.join('\n\n')}\n`))
    const name = `main/binary-${architecture}/Packages`
    for (const [path, content] of [
      [name, plain],
      [`${name}.gz`, gzipSync(plain)],
    ] as const) {
      files.set(`dists/${distribution}/${path}`, content)
      sums.push(` ${sha256(content)} ${content.length} ${path}`)
    }
  }
  const release = ['Origin: tarantool', `Codename: ${distribution}`, 'MD5Sum:', ' 00 1 x', 'SHA256:', ...sums, '']
  return files.set(`dists/${distribution}/Release`, Buffer.from(release.join('\n')))
}

/** Answers a request itself, if it returns `true`. */
export type Interception = (request: IncomingMessage, response: ServerResponse, path: string) => boolean | undefined

/** A server on loopback with repositories of the vendor's layout. */
export class Vendor {
  readonly #files = new Map<string, Buffer>()
  readonly #server: Server
  /** What was asked, in this order: `GET /tarantool/…/Release`, with the range if there is one. */
  readonly requests: string[] = []
  /** Called before a file is served. */
  intercept: Interception = () => undefined

  private constructor(server: (listener: RequestListener) => Server) {
    this.#server = server((request, response) => this.#serve(request, response))
  }

  /** Starts a server that ends with the test. */
  static async start(server: (listener: RequestListener) => Server = createServer): Promise<Vendor> {
    const vendor = new Vendor(server)
    await new Promise<void>(resolve => vendor.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => vendor.stop())
    return vendor
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The address for TARANTOOL_FIXTURE_MIRROR. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Adds a repository below `tarantool/release/`. */
  add(path: string, packages: readonly DebPackage[], options: RepositoryOptions = {}): void {
    for (const [name, content] of repositoryFiles(packages, options)) {
      this.#files.set(`/tarantool/release/${path}/${name}`, content)
    }
  }

  /** Paths that were asked for, of files of that kind. */
  asked(end: string): string[] {
    return this.requests.filter(request => request.includes(end))
  }

  /** Changes, or removes, the files whose path has that end. */
  change(end: string, to: ((content: Buffer) => Buffer) | undefined): void {
    for (const [path, content] of this.#files) {
      if (!path.endsWith(end)) continue
      if (to) this.#files.set(path, to(content))
      else this.#files.delete(path)
    }
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent((request.url ?? '').replace(/^http:\/\/[^/]*/, ''))
    const { range } = request.headers
    this.requests.push([request.method, path, range].filter(part => part !== undefined).join(' '))
    if (this.intercept(request, response, path)) return
    const content = this.#files.get(path)
    if (!content) {
      response.writeHead(404).end('no such file')
      return
    }
    sendFile(request, response, content)
  }
}

/** Sends a file, or the part of it that is asked for. */
function sendFile(
  { headers: { range, 'if-range': condition } }: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
): void {
  const etag = `"${sha256(content).slice(0, 16)}"`
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  if (range === undefined || (condition !== undefined && condition !== etag)) {
    response.writeHead(200, { etag, 'content-length': content.length }).end(content)
    return
  }
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
    return
  }
  const part = content.subarray(start)
  const contentRange = `bytes ${start}-${content.length - 1}/${content.length}`
  response.writeHead(206, { etag, 'content-length': part.length, 'content-range': contentRange }).end(part)
}
