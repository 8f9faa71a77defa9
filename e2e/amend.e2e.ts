/** A resting order amended on the screen, on a scripted bridge: what is asked, what is said, what the keys do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright'
import { chromiumPath, launchChromium } from './support/chromium.ts'
import { picture, until, watchForErrors } from './support/cockpit-page.ts'
import { STATES } from './support/screen-states.ts'
import { serve, type StaticServer } from './support/fixture-server.ts'

describe.skipIf(chromiumPath === null)('amending an order', () => {
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
  const open = async (colorScheme: 'dark' | 'light' = 'dark'): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme })
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    await page.goto(`${server.origin}/`)
    await page.locator('#book-tab-orders').click()
    return page
  }
  const amends = (page: Page): Promise<unknown[]> =>
    page.evaluate(() =>
      window.fixture.calls.map((call): unknown => JSON.parse(call)).filter((call) => Array.isArray(call) && call[0] === 'amendOrder'),
    )
  const focused = (page: Page): Promise<string | undefined> => page.evaluate(() => document.activeElement?.id)
  const button = (page: Page) => page.getByRole('button', { name: 'Amend buy BTCUSDT ag-s1-1' })

  it('by keyboard: Enter asks for what was changed, the row shows it; a refusal is said beside; Esc leaves', async () => {
    const page = await open()
    const errors = watchForErrors(page)
    // A stop is no LIMIT order: it has no such control.
    expect(await page.getByRole('button', { name: /^Amend / }).count()).toBe(2)
    await button(page).focus()
    await page.keyboard.press('Enter')
    await until(
      'the price chosen',
      () => page.evaluate(() => String(getSelection())),
      (text) => text === '68300.1',
      2_000,
    )
    await page.keyboard.type('68,250')
    await page.keyboard.press('Enter')
    await page.getByText('price: expected a number such as 68300.1').waitFor()
    expect(await amends(page)).toEqual([])
    await page.getByLabel('Price', { exact: true }).fill('68250.5')
    await page.getByLabel('Quantity').fill('2')
    await page.keyboard.press('Enter')
    await page.getByText('maxOrderNotional: 136600 is more than 5000 USDT').waitFor()
    await page.getByLabel('Quantity').fill('0.120')
    await page.keyboard.press('Enter')
    await page.locator('form.amend').waitFor({ state: 'detached' })
    expect(await amends(page)).toEqual([
      ['amendOrder', { clientId: 'ag-s1-1', price: '68250.5', quantity: '2' }],
      ['amendOrder', { clientId: 'ag-s1-1', price: '68250.5' }],
    ])
    await page.getByRole('row').filter({ hasText: '68,250.5' }).waitFor()
    expect(await focused(page)).toBe('amend-ag-s1-1')
    await page.keyboard.press('Enter')
    await page.getByLabel('Quantity').fill('0.1')
    await page.keyboard.press('Escape')
    await page.locator('form.amend').waitFor({ state: 'detached' })
    expect(await amends(page)).toHaveLength(2)
    expect(await focused(page)).toBe('amend-ag-s1-1')
    errors.none()
  })

  it('halted, stale or not ours: it cannot be asked, and the reason is there', async () => {
    const page = await open()
    await button(page).click()
    await page.keyboard.press('Control+Shift+K')
    await page.getByText('Halted: the kill switch owns every order').waitFor()
    await page.getByLabel('Price', { exact: true }).press('Enter')
    expect(await amends(page)).toEqual([])
    await page.keyboard.press('Escape')
    expect(await button(page).isDisabled()).toBe(true)
    expect(await button(page).getAttribute('title')).toBe('Halted: the kill switch owns every order')
    const other = await open()
    await other.evaluate(() => {
      const { account } = window.fixture.state()
      const orders = (account?.orders ?? []).map((row) => ({ ...row, origin: 'foreign' as const, role: 'foreign' as const, state: 'NEW' }))
      window.fixture.patch({ account: account === null ? null : { ...account, orders } })
    })
    expect(await button(other).getAttribute('title')).toBe('Not our order: adopt it in Reconciliation first')
    const stale = await open()
    await STATES['stale engine']?.(stale)
    expect(await button(stale).getAttribute('title')).toBe('These figures are not current')
  })

  it.each(['dark', 'light'] as const)('pictures: %s', async (colorScheme) => {
    const page = await open(colorScheme)
    await STATES['amending']?.(page)
    await picture(page, `amending-1280x720-${colorScheme}`)
  })
})
