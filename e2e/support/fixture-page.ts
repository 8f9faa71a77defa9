/** The screen on its scripted bridge, opened and showing candles. */
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { panelKind, until } from './cockpit-page.ts'

export const SMALL = { width: 1280, height: 720 }
export const LARGE = { width: 1920, height: 1080 }

/** @param query `''` waits for live candles; any other is the caller's to wait for */
export async function openFixture(browser: Browser, origin: string, options: BrowserContextOptions = {}, query = ''): Promise<Page> {
  const context = await browser.newContext({ viewport: SMALL, colorScheme: 'dark', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.goto(`${origin}/${query}`)
  await page.locator('.panel').first().waitFor()
  if (query === '')
    await until(
      'live',
      () => panelKind(page, 'candles'),
      (kind) => kind === 'live',
      5_000,
    )
  return page
}
