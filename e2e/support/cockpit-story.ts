/**
 * What a trader must be able to rely on, told once and run against both hosts with a real engine and exchange behind the screen.
 * The host is restarted in the middle: the order of the tests is the story.
 */
import { expect, it } from 'vitest'
import type { Page } from 'playwright'
import { expectAccessible } from './accessibility.ts'
import {
  holdFor,
  notice,
  panelKind,
  picture,
  processPid,
  processState,
  tabCount,
  ticks,
  timedHold,
  until,
  watchForErrors,
  whenLive,
} from './cockpit-page.ts'

export interface Stage {
  readonly name: string
  page(): Page
  /** Pid of the process that hosts the supervisor. */
  hostPid(): number
  /** Graceful stop, then the same data folder again. */
  restart(): Promise<void>
}

const HALT_HOLD_MS = 600
/** Within so much of it, whether the release or the button's own timer is handled first is not the mouse's to say. */
const TURN_MS = 50

const latched = (page: Page): Promise<boolean> => page.locator('[data-kill="confirmed"]').isVisible()

async function whenFlat(page: Page): Promise<void> {
  for (const tab of ['positions', 'orders']) {
    await until(
      `no ${tab}`,
      () => tabCount(page, tab),
      (n) => n === 0,
      10_000,
    )
  }
}

async function resumeTrading(page: Page): Promise<void> {
  await page.locator('.resume').click()
  const resume = page.getByRole('button', { name: 'Resume', exact: true })
  await page.keyboard.type('resume')
  expect(await resume.isDisabled()).toBe(true)
  await page.keyboard.type(' trading')
  await until('may resume', () => resume.isEnabled(), Boolean, 20_000)
  await resume.click()
  await page.locator('.kill-strip').waitFor({ state: 'detached', timeout: 20_000 })
}

/** HALT pressed too shortly does nothing. A machine so busy that it lets go too late has halted, which is right; then it is tried again. */
async function shortHold(page: Page): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt++) {
    const held = await timedHold(page, 'halt', 450)
    await page.waitForTimeout(500)
    const halted = (await notice(page, 'kill').count()) > 0
    if (held < HALT_HOLD_MS - TURN_MS) {
      expect(halted).toBe(false)
      return
    }
    if (held >= HALT_HOLD_MS) expect(halted).toBe(true)
    if (!halted) continue
    // It resumes when flat only.
    await holdFor(page, 'flatten', 1_500)
    await whenFlat(page)
    await until('latched and confirmed', () => latched(page), Boolean, 30_000)
    await resumeTrading(page)
    await until(
      'a position again',
      () => tabCount(page, 'positions'),
      (n) => n > 0,
      60_000,
    )
  }
  throw new Error('this machine never lets a button go in time: the short hold could not be judged')
}

export function cockpitStory(stage: Stage): void {
  it('candles move and nothing is refused by the page’s policy', async () => {
    const page = stage.page()
    const errors = watchForErrors(page)
    await whenLive(page)
    const before = await ticks(page)
    const title = await page.title()
    await until(
      'ticks',
      () => ticks(page),
      (n) => n > before + 50,
      20_000,
    )
    await until(
      'the title follows the price',
      () => page.title(),
      (text) => text !== title,
      10_000,
    )
    expect(title).toMatch(/^SIMULATED · BTCUSDT [\d,]+\.\d+ · A\.E\.G\.I\.S\.$/)
    expect(await page.locator('.chart-canvas canvas').count()).toBeGreaterThan(0)
    errors.none()
  })

  it('a trade appears, with its fee and its signal', async () => {
    const page = stage.page()
    await until(
      'a fill',
      () => tabCount(page, 'fills'),
      (n) => n > 0,
      80_000,
    )
    await page.locator('#book-tab-fills').click()
    const row = await page.locator('#book tbody tr').first().locator('td').allTextContents()
    expect(row[1]).toBe('BTCUSDT')
    expect(row[3]).toMatch(/^[\d,]+\.\d+$/)
    expect(row[4]).toMatch(/^\d+\.\d+$/)
    expect(row[6]).toMatch(/^\d+\.\d{4}$/)
    expect(await tabCount(page, 'signals')).toBeGreaterThan(0)
  })

  it('a position shows, with its stop', async () => {
    const page = stage.page()
    await page.locator('#book-tab-positions').click()
    const cells = await until(
      'a position',
      () =>
        page
          .locator('#book tbody tr')
          .first()
          .locator('td')
          .allTextContents()
          .catch(() => [] as string[]),
      (all) => all.length > 0,
      80_000,
    )
    expect(cells[0]).toBe('BTCUSDT')
    expect(cells[1]).toMatch(/^(▲ long|▼ short)$/)
    expect(cells[2]).toMatch(/^\u2212?\d+\.\d+$/)
    await picture(page, `${stage.name}-position`)
    await expectAccessible(page, `${stage.name} with a position`)
  })

  it('the books agree, and comparing on demand says so', async () => {
    const page = stage.page()
    await page.getByRole('button', { name: 'Compare now' }).click()
    await page.getByText('Books agree').waitFor({ timeout: 15_000 })
  })

  it('the journal’s hash chain verifies from the screen', async () => {
    const page = stage.page()
    await page.locator('#book-tab-journal').click()
    await page.getByText('Verify hash chain').click()
    await page.getByText('intact').waitFor({ timeout: 20_000 })
    await page.locator('#book-tab-positions').click()
  })

  it('one click audits, with progress, results by name and a history', async () => {
    const page = stage.page()
    await page.locator('#proof-tab-audit').click()
    await page.getByRole('button', { name: 'Run audit' }).click()
    await page.locator('#proof progress').waitFor({ timeout: 10_000 })
    await page.getByRole('button', { name: 'Run audit' }).waitFor({ timeout: 80_000 })
    const words = await page.locator('#proof .proof-row .status').allTextContents()
    expect(words.length).toBeGreaterThanOrEqual(15)
    expect(words.filter((word) => !/^(✔ pass|▲ warn|○ skip)$/.test(word))).toEqual([])
    await page.locator('#proof .proof-row').first().click()
    await page.locator('#proof .detail dt', { hasText: 'expected' }).waitFor()
    await picture(page, `${stage.name}-audit`)
    await page.locator('#proof-tab-history').click()
    await page.locator('.history-row', { hasText: 'audit:' }).first().waitFor()
  })

  it('one click runs a chaos scenario on a twin and leaves our own engine alone', async () => {
    const page = stage.page()
    const pids = await Promise.all(['simulator', 'feed', 'brain', 'reconciler'].map((name) => processPid(page, name)))
    await page.locator('#proof-tab-chaos').click()
    await page.locator('.proof-row', { hasText: 'Flash crash' }).click()
    await page.getByRole('button', { name: 'Run only this' }).click()
    const word = await until(
      'a verdict',
      () => page.locator('.proof-row', { hasText: 'Flash crash' }).locator('.status').textContent(),
      (text) => /survived|degraded|failed|skipped/.test(text ?? ''),
      80_000,
    )
    expect(word).toBe('✔ survived')
    expect(await Promise.all(['simulator', 'feed', 'brain', 'reconciler'].map((name) => processPid(page, name)))).toEqual(pids)
    await picture(page, `${stage.name}-chaos`)
  })

  it('kill -9 of the brain is shown and recovered from', async () => {
    const page = stage.page()
    const pid = await processPid(page, 'brain')
    const seen = page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const states: string[] = []
          const end = performance.now() + 15_000
          const look = (): void => {
            const row = document.querySelector('[data-process="brain"]')
            const state = row?.getAttribute('data-process-state') ?? ''
            if (states.at(-1) !== state) states.push(state)
            if ((states.length > 1 && state === 'running') || performance.now() > end) resolve(states)
            else setTimeout(look, 5)
          }
          look()
        }),
    )
    await page.waitForTimeout(50)
    process.kill(pid, 'SIGKILL')
    const states = await seen
    expect(states[0]).toBe('running')
    expect(states.at(-1)).toBe('running')
    expect(states.length).toBeGreaterThan(1)
    const after = await until(
      'another brain',
      () => processPid(page, 'brain'),
      (other) => other !== pid && other > 0,
      10_000,
    )
    expect(after).not.toBe(pid)
    await page.getByText(/1× restarted · .*SIGKILL/).waitFor()
    await page.getByText('Books agree').waitFor({ timeout: 20_000 })
    await until(
      'the book is live again',
      () => panelKind(page, 'book'),
      (kind) => kind === 'live',
      20_000,
    )
    await picture(page, `${stage.name}-after-kill`)
  })

  it('a frozen feed ages on screen, is found stalled and is replaced', async () => {
    const page = stage.page()
    const pid = await processPid(page, 'feed')
    process.kill(pid, 'SIGSTOP')
    await until(
      'old data',
      () => panelKind(page, 'candles'),
      (kind) => kind === 'late' || kind === 'stale',
      5_000,
    )
    expect(await page.locator('#halt').isEnabled()).toBe(true)
    await until(
      'another feed',
      () => processPid(page, 'feed'),
      (other) => other !== pid && other > 0,
      20_000,
    )
    await page.getByText(/1× restarted · .*no heartbeat/).waitFor()
    await until(
      'live again',
      () => panelKind(page, 'candles'),
      (kind) => kind === 'live',
      40_000,
    )
  })

  it('HALT held for 0.5 s does nothing; flatten closes everything and stays latched', async () => {
    const page = stage.page()
    await shortHold(page)
    await holdFor(page, 'flatten', 1_500)
    await until('latched and confirmed', () => latched(page), Boolean, 30_000)
    const text = await page.locator('.kill-strip').textContent()
    expect(text).toMatch(/Flatten in force · sent .* · engine accepted \+.* · venue confirmed \+/)
    await whenFlat(page)
    await picture(page, `${stage.name}-flattened`)
    await expectAccessible(page, `${stage.name} flattened`)
  }, 240_000)

  it('the latch survives a restart and nothing trades', async () => {
    await stage.restart()
    const page = stage.page()
    await page.locator('.kill-strip').waitFor({ timeout: 30_000 })
    await whenLive(page)
    await until('latched and confirmed', () => latched(page), Boolean, 30_000)
    const before = await tabCount(page, 'fills')
    await page.waitForTimeout(4_000)
    expect(await tabCount(page, 'fills')).toBe(before)
    expect(await tabCount(page, 'positions')).toBe(0)
    expect(await page.title()).toContain('HALTED')
  })

  it('resumes only with the typed phrase', async () => {
    const page = stage.page()
    await resumeTrading(page)
    expect(await processState(page, 'brain')).toBe('running')
  })
}
