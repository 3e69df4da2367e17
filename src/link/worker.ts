// Runs the links of a process in a thread of their own, so that they pass data on while the process is busy.
import { parentPort } from 'node:worker_threads'
import type { LinkReply, NumberedRequest } from './messages.ts'
import { LinkProxy } from './proxy.ts'

const links = new Map<number, LinkProxy>()

async function carryOut(request: NumberedRequest): Promise<void> {
  const link = links.get(request.link)
  switch (request.kind) {
    case 'add':
      links.set(request.link, new LinkProxy(request.ends, request.condition))
      break
    case 'open':
      await link?.open()
      break
    case 'make':
      await link?.make(request.fault)
      break
    case 'close':
      link?.close()
      break
    case 'end':
      link?.end()
      links.delete(request.link)
  }
}

// One after another: a fault must hold before the next one begins.
let turn = Promise.resolve()

parentPort?.on('message', (request: NumberedRequest) => {
  turn = turn.then(async () => {
    const reply: LinkReply = await carryOut(request).then(
      () => ({ id: request.id }),
      ({ message, code }: NodeJS.ErrnoException) => ({ id: request.id, failure: { message, code } }),
    )
    parentPort?.postMessage(reply)
  })
})
