/** An incident, looked at: the session a real engine just recorded, replayed in the cockpit, stepped through, and proved identical. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright'
import { expectAccessible } from './support/accessibility.ts'
import { chromiumPath, launchChromium } from './support/chromium.ts'
import { picture, tabCount, until, watchForErrors, whenLive } from './support/cockpit-page.ts'
import { serve, type StaticServer } from './support/fixture-server.ts'
import { startNodeHost, temporaryFolder, type NodeHost } from './support/node-host.ts'
import { STATES } from './support/screen-states.ts'

const SMALL = { width: 1280, height: 720 }
const now = (page: Page): Promise<string> => page.getByTestId('replay-now').innerText()
const booksAt = async (page: Page): Promise<number> => Number(await page.getByTestId('replay-books').getAttribute('data-index'))
const place = (page: Page) => page.locator('#replay-place')

describe.skipIf(chromiumPath === null)('replay of a recorded session', () => {
  const data = temporaryFolder('replay')
  let browser: Browser
  let host: NodeHost
  let page: Page
  beforeAll(async () => {
    browser = await launchChromium()
    host = await startNodeHost(data.path)
    page = await browser.newPage({ viewport: SMALL, colorScheme: 'dark' })
    await page.goto(host.url)
  })
  afterAll(async () => {
    await browser?.close()
    await host?.stop()
    data.remove()
  })

  it('the running session is recorded without being asked to, and replays to identical decisions', async () => {
    await whenLive(page)
    await until(
      'a fill',
      () => tabCount(page, 'fills'),
      (n) => n > 0,
      80_000,
    )
    const errors = watchForErrors(page)
    await page.keyboard.press('r')
    const choice = page.locator('#replay-session option').nth(1)
    await until(
      'the list of sessions',
      () => choice.textContent().catch(() => null),
      (text) => text?.includes('running now') === true,
      10_000,
    )
    await page.locator('#replay-session').selectOption((await choice.getAttribute('value')) ?? '')
    await page.locator('.replay-verdict .status-ok', { hasText: 'identical' }).waitFor({ timeout: 30_000 })
    expect(await page.locator('.replay-verdict').innerText()).toMatch(/identical [\d,]+ decisions equal to the journal's/)
    errors.none()
  })

  it('steps to the fill: candles up to then, the position in the books, none before', async () => {
    const errors = watchForErrors(page)
    await page.getByRole('button', { name: 'Decisions only' }).click()
    await place(page).focus()
    await page.keyboard.press('Home')
    for (let i = 0; i < 200 && !/ fill /.test(await now(page)); i++) await page.keyboard.press('ArrowRight')
    expect(await now(page)).toMatch(/ UTC · [\d,]+ of [\d,]+ · fill BTCUSDT (BUY|SELL) [\d.]+ at [\d.]+/)
    const current = await page.locator('.replay-moment[aria-current="true"]').innerText()
    expect(current).toContain('fill')
    const tables = page.locator('.replay-tables')
    await until(
      'the position',
      () => tables.innerText(),
      (text) => /BTCUSDT/.test(text.split('Price / trigger')[0] ?? '') && !text.includes('Flat at that moment'),
      5_000,
    )
    await picture(page, 'replay-1280x720-dark')
    await expectAccessible(page, 'replay of a real session')
    for (let i = 0; i < 20 && !/Flat at that moment/.test(await tables.innerText()); i++) {
      await page.getByRole('button', { name: 'Moment before' }).click()
      await page.waitForTimeout(100)
    }
    expect(await tables.innerText()).toContain('Flat at that moment.')
    expect(await page.locator('.replay-chart canvas').count()).toBeGreaterThan(0)
    errors.none()
  })

  it('HALT works while the past is looked at, and closing lets the recording go', async () => {
    await page.keyboard.press('Control+Shift+K')
    await page.locator('[data-kill="confirmed"]').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.replay').waitFor({ state: 'detached' })
    await page.locator('#replay').click()
    await page.getByText('Choose a session').waitFor()
    await page.keyboard.press('Escape')
  })
})

describe.skipIf(chromiumPath === null)('replay screen', () => {
  let browser: Browser
  let server: StaticServer
  beforeAll(async () => {
    server = await serve('dist/renderer-fixture')
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  const open = async (colorScheme: 'dark' | 'light'): Promise<Page> => {
    const context = await browser.newContext({ viewport: SMALL, colorScheme })
    const page = await context.newPage()
    await page.goto(`${server.origin}/`)
    await page.locator('.panel').first().waitFor()
    await STATES['replay open']?.(page)
    return page
  }

  it.each(['dark', 'light'] as const)('%s: slider, keys and list go to the same place, and the books follow', async (colorScheme) => {
    const page = await open(colorScheme)
    const errors = watchForErrors(page)
    await place(page).fill('180')
    expect(await now(page)).toContain('181 of 300')
    await until(
      'the books',
      () => booksAt(page),
      (index) => index === 180,
      3_000,
    )
    await place(page).focus()
    await page.keyboard.press('ArrowLeft')
    expect(await now(page)).toContain('180 of 300')
    await page.keyboard.press('End')
    expect(await now(page)).toContain('300 of 300')
    await page.locator('.replay-moment').first().click()
    await until(
      'the books',
      () => booksAt(page),
      (index) => index < 299,
      3_000,
    )
    expect(await page.locator('.replay-moment[aria-current="true"]').count()).toBe(1)
    await page.getByRole('button', { name: 'Decisions only' }).click()
    expect(await now(page)).toContain('of 120')
    await picture(page, `replay-sample-1280x720-${colorScheme}`)
    errors.none()
  })

  it('a replay that differs says where, with both sides, and stands at that end', async () => {
    const page = await open('dark')
    await page.locator('#replay-session').selectOption('differs1')
    const verdict = page.locator('.replay-verdict')
    await verdict.getByText('different').waitFor()
    expect(await verdict.innerText()).toMatch(/from input 612 \(journal row 431, .* UTC\)[^]*live[^]*0\.100[^]*replay[^]*0\.110/)
    expect(await now(page)).toContain('300 of 300')
    await expectAccessible(page, 'replay that differs')
  })
})
