import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

/** An empty file of an archive: two blocks of zeros. */
const emptyArchive = Buffer.alloc(1024)

/**
 * A registry on this machine with one image, which has no files: enough of Docker's protocol for a pull. Ends with the test.
 *
 * @param slow how long its first answer takes, in milliseconds
 * @returns the image's name
 */
export async function startRegistry(slow: number): Promise<string> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(emptyArchive)] },
    }),
  )
  const blobs = new Map([config, emptyArchive].map(blob => [digestOf(blob), blob]))
  const type = 'application/vnd.docker.distribution.manifest.v2+json'
  const describe = (mediaType: string, blob: Buffer): object => ({
    mediaType,
    size: blob.length,
    digest: digestOf(blob),
  })
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: describe('application/vnd.docker.container.image.v1+json', config),
      layers: [describe('application/vnd.docker.image.rootfs.diff.tar.gzip', emptyArchive)],
    }),
  )
  let isFirst = true
  const server = createServer(async ({ url = '', method }, response) => {
    if (isFirst) {
      isFirst = false
      await delay(slow)
    }
    const content = url.includes('/manifests/') ? manifest : blobs.get(url.split('/').at(-1) ?? '')
    if (url === '/v2/') response.end()
    else if (!content) response.writeHead(404).end()
    else {
      const isManifest = content === manifest
      response.writeHead(200, {
        'content-type': isManifest ? type : 'application/octet-stream',
        'content-length': content.length,
        'docker-content-digest': digestOf(content),
      })
      response.end(method === 'HEAD' ? undefined : content)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}/empty`
}
