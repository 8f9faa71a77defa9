/**
 * The two hosts as a user starts them: from the build, in their own process, on a fresh data folder. Times are wall-clock
 * milliseconds since 1970 with fractions, so that the page's own marks (timeOrigin + start) can be compared with them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { get } from 'node:http'
import { chromium, type Browser, type Page } from 'playwright'
import { repositoryRoot } from '../../e2e/support/fixture-server.ts'
import { startNodeHost, temporaryFolder } from '../../e2e/support/node-host.ts'

export interface StartedHost {
  readonly pid: number
  readonly dataDir: string
  readonly startedAt: number
  /** First answered request of the cockpit's API; null where the host has no API of its own (Electron). */
  readonly apiAt: number | null
  /** The cockpit's page. In Electron it is attached to only now, so that a debugger does not slow the start. */
  page(): Promise<Page>
  stop(): Promise<void>
}

const wallNow = (): number => performance.timeOrigin + performance.now()
const STOP_MS = 10_000
const PRINT_MS = 30_000

function answered(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      response.resume()
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))))
    }).on('error', reject)
  })
}

/** The browser is the user's and already open; what is timed is the host and the page. */
export async function startNode(browser: Browser): Promise<StartedHost> {
  const data = temporaryFolder('startup')
  const startedAt = wallNow()
  const host = await startNodeHost(data.path)
  await answered(host.url)
  const apiAt = wallNow()
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } })
  const page = await context.newPage()
  await page.goto(host.url)
  return {
    pid: host.pid,
    dataDir: data.path,
    startedAt,
    apiAt,
    page: () => Promise.resolve(page),
    async stop() {
      await context.close()
      await host.stop()
      data.remove()
    },
  }
}

/** A process of Electron's; resolves with what `pattern` found in its output. */
export async function startElectronProcess(
  binary: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  pattern: RegExp,
): Promise<{ readonly pid: number; readonly found: string; end(): Promise<void> }> {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child: ChildProcess = spawn(binary, [...asRoot, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  const found = await new Promise<string>((resolve, reject) => {
    let text = ''
    const late = setTimeout(() => reject(new Error(`Electron did not print ${pattern} within ${PRINT_MS} ms: ${text}`)), PRINT_MS)
    const read = (chunk: Buffer): void => {
      text += chunk.toString()
      const match = pattern.exec(text)
      if (match === null) return
      clearTimeout(late)
      resolve(match[1] ?? match[0])
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => reject(new Error(`Electron ended with ${code}: ${text}`)))
  })
  return {
    pid: child.pid ?? 0,
    found,
    async end() {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await gone
      clearTimeout(force)
    },
  }
}

export async function startElectron(binary: string, env: NodeJS.ProcessEnv): Promise<StartedHost> {
  const data = temporaryFolder('startup')
  const startedAt = wallNow()
  const words = ['--remote-debugging-port=0', repositoryRoot, '--', '--data', data.path]
  const app = await startElectronProcess(binary, words, env, /DevTools listening on (ws:\S+)/)
  let browser: Browser | null = null
  return {
    pid: app.pid,
    dataDir: data.path,
    startedAt,
    apiAt: null,
    async page() {
      browser ??= await chromium.connectOverCDP(app.found)
      const page = browser.contexts()[0]?.pages()[0]
      if (page === undefined) throw new Error('Electron shows no page')
      return page
    },
    async stop() {
      await browser?.close()
      await app.end()
      data.remove()
    },
  }
}
