/** The cockpit in Chromium, served by the Node host, with a real engine and exchange. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright'
import { chromiumPath, launchChromium } from './support/chromium.ts'
import { notice, panelKind, until, whenLive } from './support/cockpit-page.ts'
import { cockpitStory } from './support/cockpit-story.ts'
import { startNodeHost, temporaryFolder, type NodeHost } from './support/node-host.ts'

describe.skipIf(chromiumPath === null)('cockpit in the browser', () => {
  const data = temporaryFolder('browser')
  let browser: Browser
  let host: NodeHost
  let page: Page
  const open = async (): Promise<void> => {
    host = await startNodeHost(data.path)
    page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark' })
    await page.goto(host.url)
  }
  beforeAll(async () => {
    browser = await launchChromium()
    await open()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.stop()
    data.remove()
  })

  it('the key leaves the address bar and is asked for again after a reload', async () => {
    await page.locator('.panel').first().waitFor()
    expect(page.url()).toBe(`${new URL(host.url).origin}/`)
    const other = await browser.newPage()
    await other.goto(page.url())
    await other.getByText('This page needs the key').waitFor()
    await other.close()
  })

  cockpitStory({
    name: 'browser',
    page: () => page,
    hostPid: () => host.pid,
    async restart() {
      await page.close()
      await host.stop()
      await open()
    },
  })

  it('a frozen host shows as stale, then as live again', async () => {
    await whenLive(page)
    host.signal('SIGSTOP')
    await notice(page, 'engine').waitFor({ timeout: 6_000 })
    for (const id of ['candles', 'book', 'reconciliation', 'processes']) expect(await panelKind(page, id), id).toBe('stale')
    expect(await page.title()).toMatch(/^STALE · /)
    expect(await page.locator('#halt').isEnabled()).toBe(true)
    host.signal('SIGCONT')
    await until(
      'live again',
      () => panelKind(page, 'candles'),
      (kind) => kind === 'live',
      30_000,
    )
  })

  it('a host that is gone shows as disconnected, HALT waits for it', async () => {
    await host.stop()
    await notice(page, 'line').waitFor({ timeout: 6_000 })
    await page.keyboard.press('Control+Shift+K')
    await page.locator('[data-kill="queued"]').waitFor()
  })
})
