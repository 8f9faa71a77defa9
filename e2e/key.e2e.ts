/** The cockpit in Chromium with a key that only reads, and with one that is refused; a real engine and exchange behind it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright'
import { expectAccessible } from './support/accessibility.ts'
import { chromiumPath, launchChromium } from './support/chromium.ts'
import { holdFor, notice, picture, tabCount, ticks, until, whenLive } from './support/cockpit-page.ts'
import { startNodeHost, temporaryFolder, type NodeHost } from './support/node-host.ts'

describe.skipIf(chromiumPath === null)('the key on the screen', () => {
  let browser: Browser
  const ends: (() => unknown)[] = []
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  afterAll(async () => {
    await browser?.close()
  })

  async function open(rights: string, colorScheme: 'dark' | 'light' = 'dark'): Promise<{ page: Page; host: NodeHost }> {
    const data = temporaryFolder('key')
    ends.push(() => data.remove())
    const host = await startNodeHost(data.path, ['--key-rights', rights, '--speed', '600'])
    ends.push(() => host.stop())
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme })
    ends.push(() => page.close())
    await page.goto(host.url)
    return { page, host }
  }
  const said = (host: NodeHost, line: string): Promise<string> =>
    until(
      line,
      async () => host.output(),
      (text) => text.includes(line),
      10_000,
    )
  const afterTicks = async (page: Page, more: number): Promise<void> => {
    const before = await ticks(page)
    await until(
      `${more} ticks`,
      () => ticks(page),
      (n) => n > before + more,
      60_000,
    )
  }

  it('a key that only reads: the market lives, nothing is entered, what cannot act is disabled and says why', async () => {
    const { page, host } = await open('read-only')
    await whenLive(page)
    await notice(page, 'key').waitFor()
    expect(await notice(page, 'key').textContent()).toContain('READ ONLY: This key may only read')
    expect(await page.getByTestId('key').textContent()).toBe('key ▲ READ ONLY')
    for (const id of ['reduce-only', 'flatten']) {
      expect(await page.locator(`#${id}`).isDisabled(), id).toBe(true)
      expect(await page.locator(`#${id}`).getAttribute('title'), id).toContain('may only read')
    }
    expect(await page.locator('#halt').isEnabled()).toBe(true)
    expect(await page.locator('#halt').getAttribute('title')).toContain('cannot cancel orders at the venue')
    await said(host, 'key: This key may only read')
    await afterTicks(page, 3_000)
    for (const tab of ['positions', 'orders', 'fills']) expect(await tabCount(page, tab), tab).toBe(0)
    await expectAccessible(page, 'read-only key')
    await picture(page, 'key-read-only-1280x720-dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await page.waitForTimeout(200)
    await expectAccessible(page, 'read-only key, light')
    await picture(page, 'key-read-only-1280x720-light')
    await holdFor(page, 'halt', 800)
    await page.locator('[data-kill="confirmed"]').waitFor()
  })

  it('a key that can move money away: refused, in red, and nothing is traded', async () => {
    const { page, host } = await open('withdraw')
    await whenLive(page)
    await notice(page, 'key').waitFor()
    expect(await notice(page, 'key').getAttribute('class')).toContain('banner-crit')
    expect(await notice(page, 'key').textContent()).toContain('KEY REFUSED')
    expect(await page.getByTestId('key').textContent()).toBe('key ✖ REFUSED')
    await said(host, 'the engine refuses to trade: This key may withdraw or transfer funds')
    await afterTicks(page, 3_000)
    expect(await tabCount(page, 'fills')).toBe(0)
    await picture(page, 'key-refused-1280x720-dark')
  })
})
