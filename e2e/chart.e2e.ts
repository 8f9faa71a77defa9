/** The chart's timeframes and gaps on a scripted bridge: 400 minutes with one hole of six. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright'
import { chromiumPath, launchChromium } from './support/chromium.ts'
import { panelKind, picture, until } from './support/cockpit-page.ts'
import { serve, type StaticServer } from './support/fixture-server.ts'

describe.skipIf(chromiumPath === null)('chart', () => {
  let browser: Browser
  let server: StaticServer
  let page: Page
  beforeAll(async () => {
    server = await serve('dist/renderer-fixture')
    browser = await launchChromium()
    page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark' })
    await page.goto(server.origin)
    await until(
      'live',
      () => panelKind(page, 'candles'),
      (kind) => kind === 'live',
      10_000,
    )
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  const legend = async (): Promise<string> => (await page.locator('.chart-legend').textContent()) ?? ''
  /** The column that says whether a bar is whole, newest first. */
  const whole = async (): Promise<readonly string[]> => {
    const cells = await page
      .locator('.chart-table tbody tr')
      .evaluateAll((rows) => rows.map((row) => row.lastElementChild?.textContent ?? ''))
    return cells
  }

  it('offers bars from one minute to a day; the newest runs and says so', async () => {
    const group = page.getByRole('group', { name: 'Bar length' })
    expect(await group.getByRole('button').allTextContents()).toEqual(['1m', '5m', '15m', '1h', '4h', '1D'])
    expect(await legend()).toMatch(/· running$/)
    for (const [name, of] of [
      ['5m', 5],
      ['15m', 15],
      ['1h', 60],
      ['4h', 240],
      ['1D', 1_440],
    ] as const) {
      await group.getByRole('button', { name, exact: true }).click()
      await until(name, legend, (text) => new RegExp(`· running, \\d+ of ${of} min$`).test(text), 5_000)
      await picture(page, `chart-${name}`)
    }
  })

  it('a gap of more than five minutes is named, is a gap in the table, and leaves the longer bars around it incomplete', async () => {
    await page.getByRole('button', { name: '1m', exact: true }).click()
    const label = () => page.locator('.chart-canvas').getAttribute('aria-label')
    await until('the gap', label, (text) => text?.includes('1 gap of more than 5 minutes') === true, 5_000)
    await page.keyboard.press('t')
    await page.locator('.chart-table .table-scroll').waitFor()
    /* rows out of view are not in the document; the hole is an hour ago */
    await page.locator('.chart-table .table-scroll').evaluate((box) => box.scrollTo(0, 54 * 24))
    await until('its rows', whole, (cells) => cells.filter((cell) => cell === 'gap').length === 6, 5_000)
    await picture(page, 'chart-gap')
    await page.getByRole('button', { name: '15m', exact: true }).click()
    await until('incomplete bars', whole, (cells) => cells.some((cell) => cell.startsWith('incomplete, ')), 5_000)
    /* the oldest bar is cut by the start of the history */
    const cells = (await whole()).slice(0, -1)
    const missing = cells
      .map((cell) => /^incomplete, (\d+) of 15 min$/.exec(cell))
      .reduce((sum, found) => sum + (found === null ? 0 : 15 - Number(found[1])), 0)
    expect(missing).toBe(6)
  })
})
