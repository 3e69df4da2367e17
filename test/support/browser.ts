import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

function find(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch {
      // The next one.
    }
  }
  return undefined
}

/** The Chromium of this machine; undefined without one. */
export const chromium: string | undefined = process.env.TEST_CHROMIUM ?? find()

/** What the names of tests say that need one. */
export const needsChromium = 'needs Chromium: npm run chromium:install'

type Params = Readonly<Record<string, unknown>>
interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** A page in a Chromium without a window, over the protocol of its developer tools: on a pipe, as JSON that ends with NUL. */
export class BrowserPage {
  /** The URLs of all requests. */
  readonly requests: string[] = []
  /** Errors of the page: exceptions, and what its policy forbids. */
  readonly errors: string[] = []
  readonly #process: ChildProcess
  readonly #profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  readonly #pending = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #lastId = 0
  #session: string | undefined
  #rest = ''

  private constructor(program: string) {
    const options = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--window-size=1280,1000',
    ]
    this.#process = spawn(program, [...options, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // A process group of its own.
      detached: true,
      env: { ...process.env, HOME: this.#profile },
    })
    ;(this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', chunk => this.#take(chunk))
    this.#process.once('exit', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('Chromium has ended'))
    })
  }

  static async open(program: string): Promise<BrowserPage> {
    const page = new BrowserPage(program)
    const { targetId } = await page.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.send('Target.attachToTarget', { targetId, flatten: true })
    page.#session = sessionId as string
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await page.send(`${domain}.enable`)
    return page
  }

  async send(method: string, params: Params = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    const session = this.#session === undefined ? {} : { sessionId: this.#session }
    ;(this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    return (await answer) as Record<string, unknown>
  }

  /** Opens a URL, and waits until the page says that it is ready. */
  async visit(url: string): Promise<void> {
    await this.send('Page.navigate', { url })
    while ((await this.evaluate("document.documentElement?.dataset.ready ?? ''").catch(() => '')) !== 'true') {
      if (this.errors.length > 0) throw new Error(this.errors.join('\n'))
    }
  }

  /** The value of an expression, also of a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const evaluated = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    if (evaluated.exceptionDetails) throw new Error(JSON.stringify(evaluated.exceptionDetails))
    return (evaluated.result as { value: unknown }).value
  }

  async press(key: string): Promise<void> {
    const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined
    const code = { Tab: 9, Enter: 13 }[key]
    for (const type of ['keyDown', 'keyUp'])
      await this.send('Input.dispatchKeyEvent', {
        ...{ type, key, windowsVirtualKeyCode: code },
        ...(type === 'keyDown' && text !== undefined && { text }),
      })
  }

  async click(x: number, y: number): Promise<void> {
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
  }

  async prefer(scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
  }

  async close(): Promise<void> {
    const ended = new Promise(resolve => this.#process.once('exit', resolve))
    // Its other processes write to the profile, too, and outlive the first one by a moment.
    if (this.#process.pid !== undefined) process.kill(-this.#process.pid, 'SIGKILL')
    await ended
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 })
  }

  #take(chunk: string): void {
    const messages = (this.#rest + chunk).split('\0')
    this.#rest = messages.pop() ?? ''
    for (const message of messages) this.#receive(JSON.parse(message) as Answer)
  }

  #receive({ id, method, params = {}, result, error }: Answer): void {
    const pending = id === undefined ? undefined : this.#pending.get(id)
    if (id !== undefined) this.#pending.delete(id)
    if (error) pending?.reject(new Error(error.message))
    else pending?.resolve(result)
    if (method === 'Network.requestWillBeSent') this.requests.push((params.request as { url: string }).url)
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') this.errors.push(JSON.stringify(params))
  }
}
