/** The screen on its scripted bridge: a browser and a server for a file of tests, a page of its own for each test. */
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { launchChromium } from './chromium.ts'
import { panelKind, until } from './cockpit-page.ts'
import { serve, type StaticServer } from './fixture-server.ts'

export const SMALL = { width: 1280, height: 720 }
export const LARGE = { width: 1920, height: 1080 }

export type OpenScreen = (options?: BrowserContextOptions, query?: string) => Promise<Page>

/** Call inside a `describe`. The given function opens the screen showing candles; with a query, only its frame is waited for. */
export function scriptedScreen(): OpenScreen {
  let browser: Browser
  let server: StaticServer
  beforeAll(async () => {
    server = await serve('dist/renderer-fixture')
    browser = await launchChromium()
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  return async (options = {}, query = '') => {
    const context = await browser.newContext({ viewport: SMALL, colorScheme: 'dark', ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    await page.goto(`${server.origin}/${query}`)
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
}
