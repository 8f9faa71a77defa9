/** Every state of the screen, in the dark theme and then, the same page, in the light one. No engine behind it. */
import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright'
import { expectAccessible } from './support/accessibility.ts'
import { chromiumPath } from './support/chromium.ts'
import { until, watchForErrors } from './support/cockpit-page.ts'
import { scriptedScreen } from './support/fixture-page.ts'
import { STATES } from './support/screen-states.ts'

const ground = (page: Page): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)

describe.skipIf(chromiumPath === null)('states of the screen', () => {
  const open = scriptedScreen()

  it.each(Object.entries(STATES))('%s: no accessibility violation, no error, no page scroll, dark and light', async (name, reach) => {
    const page = await open()
    const errors = watchForErrors(page)
    await reach(page)
    const dark = await ground(page)
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      if (colorScheme === 'light')
        await until(
          'light',
          () => ground(page),
          (colour) => colour !== dark,
          2_000,
        )
      await page.waitForTimeout(150)
      await expectAccessible(page, `${name} ${colorScheme}`)
      const scrolls = await page.evaluate(() => {
        const root = document.documentElement
        return { x: root.scrollWidth > root.clientWidth, y: root.scrollHeight > root.clientHeight }
      })
      expect(scrolls).toEqual({ x: false, y: false })
    }
    errors.none()
  })
})
