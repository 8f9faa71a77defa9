/** The cockpit as a trader uses it: what is read and pressed, in one place. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Page } from 'playwright'
import { repositoryRoot } from './fixture-server.ts'

/** Waits until `read` satisfies `good`, then returns it; else fails with what it last was. */
export async function until<T>(what: string, read: () => Promise<T>, good: (value: T) => boolean, withinMs: number): Promise<T> {
  const end = performance.now() + withinMs
  let last = await read()
  while (!good(last)) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms; last seen: ${JSON.stringify(last)}`)
    await new Promise((done) => setTimeout(done, 50))
    last = await read()
  }
  return last
}

export const ticks = async (page: Page): Promise<number> => Number(await page.getByTestId('last').getAttribute('data-ticks'))
export const panelKind = (page: Page, id: string): Promise<string | null> => page.locator(`#${id}`).getAttribute('data-state')
export const notice = (page: Page, id: string) => page.locator(`[data-notice="${id}"]`)
export const processState = (page: Page, name: string): Promise<string | null> =>
  page.locator(`[data-process="${name}"]`).getAttribute('data-process-state')
export const processPid = async (page: Page, name: string): Promise<number> =>
  Number(await page.locator(`[data-process="${name}"]`).getAttribute('data-pid'))
export const tabCount = async (page: Page, tab: string): Promise<number> =>
  Number((await page.locator(`#book-tab-${tab} .count`).textContent())?.trim())

/** Ticks flow and the books agreed at start. */
export async function whenLive(page: Page): Promise<void> {
  await page.locator('.mode-chip.mode-simulated').waitFor({ timeout: 20_000 })
  await until(
    'live candles',
    () => panelKind(page, 'candles'),
    (kind) => kind === 'live',
    30_000,
  )
}

/** Presses a held button for `ms`, as a mouse does. */
export async function holdFor(page: Page, id: string, ms: number): Promise<void> {
  const box = await page.locator(`#${id}`).boundingBox()
  if (box === null) throw new Error(`no #${id} on screen`)
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.down()
  await page.waitForTimeout(ms)
  await page.mouse.up()
}

/** The same; returns how long the page saw it pressed, ms: on a busy machine the mouse lets go later than it was told to. */
export async function timedHold(page: Page, id: string, ms: number): Promise<number> {
  await page.evaluate((button) => {
    let pressed = 0
    addEventListener('pointerdown', (event) => void (pressed = event.timeStamp), { capture: true, once: true })
    addEventListener(
      'pointerup',
      (event) => document.getElementById(button)?.setAttribute('data-held-ms', String(event.timeStamp - pressed)),
      { capture: true, once: true },
    )
  }, id)
  await holdFor(page, id, ms)
  return Number(await page.locator(`#${id}`).getAttribute('data-held-ms'))
}

/** Into e2e/screenshots/, for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = join(repositoryRoot, 'e2e/screenshots')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) })
}

/** Collects what the page's policy refused and what threw; `none()` asserts there was nothing. */
export function watchForErrors(page: Page): { none(): void } {
  const seen: string[] = []
  page.on('pageerror', (error) => seen.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') seen.push(`console: ${message.text()}`)
  })
  return { none: () => expect(seen).toEqual([]) }
}
