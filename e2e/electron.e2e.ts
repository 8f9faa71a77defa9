/** The cockpit in real Electron: the same story, and the walls around the page. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDisplay, openElectron, whyNoElectron, type Cockpit, type Display } from './support/electron-app.ts'
import { cockpitStory } from './support/cockpit-story.ts'
import { temporaryFolder } from './support/node-host.ts'

describe.skipIf(whyNoElectron !== null)('cockpit in Electron', () => {
  const data = temporaryFolder('electron')
  let display: Display
  let cockpit: Cockpit
  beforeAll(async () => {
    display = await openDisplay()
    cockpit = await openElectron(display, data.path)
  })
  afterAll(async () => {
    await cockpit?.app.close()
    display?.stop()
    data.remove()
  })

  cockpitStory({
    name: 'electron',
    page: () => cockpit.page,
    hostPid: () => cockpit.app.process().pid ?? 0,
    async restart() {
      await cockpit.app.close()
      cockpit = await openElectron(display, data.path)
    },
  })

  it('the page has two functions of ours, no Node, and isolation', async () => {
    const found = await cockpit.page.evaluate(() => ({
      bridge: Object.keys(Reflect.get(window, 'aegis') as object).sort(),
      frozen: Object.isFrozen(Reflect.get(window, 'aegis')),
      node: ['require', 'process', 'module', 'Buffer', 'global', '__dirname'].filter((name) => name in window),
      isolated: window.crossOriginIsolated,
      origin: window.origin,
    }))
    expect(found).toEqual({ bridge: ['call', 'subscribe'], frozen: true, node: [], isolated: true, origin: 'app://cockpit' })
  })

  it('a command with a wrong argument is refused by main, not by the page', async () => {
    const answer = await cockpit.page.evaluate(() => {
      const { call } = Reflect.get(window, 'aegis') as { call(method: string, arg: unknown): Promise<unknown> }
      return Promise.all([call('halt', { level: 'everything', reason: '' }), call('no-such-method', null)])
    })
    expect(answer).toMatchObject([
      { ok: false, error: { code: 'bad-argument' } },
      { ok: false, error: { code: 'not-connected' } },
    ])
  })

  describe('ways out', () => {
    const before = 'app://cockpit/'
    it.each([
      'https://example.com/',
      'http://127.0.0.1:1/',
      'file:///etc/passwd',
      'data:text/html,x',
      'app://other/',
      'javascript:document.title="x"',
    ])('%s cannot be reached by assigning, opening or clicking', async (url) => {
      const { page, app } = cockpit
      await page
        .evaluate((to) => {
          window.location.assign(to)
        }, url)
        .catch(() => {})
      await page.evaluate((to) => window.open(to), url).catch(() => {})
      await page
        .evaluate((to) => {
          const link = document.createElement('a')
          link.href = to
          link.target = '_blank'
          document.body.append(link)
          link.click()
          link.remove()
        }, url)
        .catch(() => {})
      await page.waitForTimeout(200)
      expect(page.url()).toBe(before)
      expect(app.windows().length).toBe(1)
    })
    it('no request leaves the page', async () => {
      const reached = await cockpit.page.evaluate(async () => {
        const tries = ['https://example.com/', 'http://127.0.0.1:80/', 'app://other/x'].map((url) =>
          fetch(url).then(
            () => url,
            () => null,
          ),
        )
        return (await Promise.all(tries)).filter((url) => url !== null)
      })
      expect(reached).toEqual([])
    })
    it.each([
      '../package.json',
      '..%2fpackage.json',
      '%2e%2e/package.json',
      'assets/../../main/electron.cjs',
      '/etc/passwd',
      'index.html%00.js',
    ])('app://cockpit/%s gives no file', async (path) => {
      const status = await cockpit.page.evaluate(
        (to) =>
          fetch(`app://cockpit/${to}`).then(
            (response) => response.status,
            () => 0,
          ),
        path,
      )
      expect([0, 403, 404]).toContain(status)
    })
    it('every answer carries the security headers', async () => {
      const headers = await cockpit.page.evaluate(() => fetch('app://cockpit/').then((response) => Object.fromEntries(response.headers)))
      const { securityHeaders } = await import('../main/security-headers.ts')
      for (const [name, value] of Object.entries(securityHeaders())) expect(headers[name.toLowerCase()], name).toBe(value)
    })
    it('permissions are refused', async () => {
      const answer = await cockpit.page.evaluate(async () => {
        const states = await Promise.all(
          ['notifications', 'geolocation'].map((name) =>
            navigator.permissions.query({ name: name as PermissionName }).then(
              (p) => p.state,
              () => 'refused',
            ),
          ),
        )
        const media = await navigator.mediaDevices.getUserMedia({ audio: true }).then(
          () => 'granted',
          () => 'refused',
        )
        return [...states, media]
      })
      expect(answer).not.toContain('granted')
    })
  })

  it('a second start on the same data says so in one line, exits 2, and brings the first to the front', async () => {
    const { spawnSync } = await import('node:child_process')
    const [binary, ...args] = cockpit.app
      .process()
      .spawnargs.filter((word) => !word.startsWith('--inspect') && !word.startsWith('--remote-debugging'))
    const second = spawnSync(binary ?? '', args, { env: display.env, encoding: 'utf8', timeout: 20_000 })
    expect(second.status).toBe(2)
    expect(second.stderr.split('\n').filter((line) => line.startsWith('aegis: A.E.G.I.S. already runs'))).toHaveLength(1)
  })

  it('closing ends every process it started', async () => {
    const pids = await cockpit.page
      .locator('[data-process]')
      .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-pid'))).filter((pid) => pid > 0))
    expect(pids.length).toBe(5)
    await cockpit.app.close()
    const alive = (): number[] =>
      pids.filter((pid) => {
        try {
          process.kill(pid, 0)
          return true
        } catch {
          return false
        }
      })
    for (let i = 0; i < 50 && alive().length > 0; i++) await new Promise((done) => setTimeout(done, 100))
    expect(alive()).toEqual([])
  })
})
