/** The screen on a scripted bridge: pictures, keyboard, holding, sizes, colour vision. No engine behind it. */
import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright'
import { expectAccessible } from './support/accessibility.ts'
import { chromiumPath } from './support/chromium.ts'
import { holdFor, notice, panelKind, picture, until } from './support/cockpit-page.ts'
import { LARGE, scriptedScreen, SMALL } from './support/fixture-page.ts'
import { STATES } from './support/screen-states.ts'

describe.skipIf(chromiumPath === null)('screen', () => {
  const open = scriptedScreen()
  const calls = (page: Page): Promise<string[]> => page.evaluate(() => window.fixture.calls)
  const halts = async (page: Page): Promise<number> => (await calls(page)).filter((call) => call.startsWith('["halt"')).length

  it('while nothing has arrived, panels say what they wait for', async () => {
    const page = await open({}, '?start=loading')
    expect(await panelKind(page, 'candles')).toBe('loading')
    await page.getByText('Waiting for candles').waitFor()
    await expectAccessible(page, 'loading')
  })

  it.each([
    ['dark', SMALL],
    ['light', SMALL],
    ['dark', LARGE],
    ['light', LARGE],
  ] as const)('pictures: %s at %j', async (colorScheme, viewport) => {
    const page = await open({ colorScheme, viewport })
    await picture(page, `screen-${viewport.width}x${viewport.height}-${colorScheme}`)
    await STATES['halted']?.(page)
    await picture(page, `halted-${viewport.width}x${viewport.height}-${colorScheme}`)
    await expectAccessible(page, `halted, begun ${colorScheme} at ${viewport.width}`)
    const clipped = await page.evaluate(() => {
      const bar = document.querySelector('.top')
      return bar !== null && bar.scrollWidth > bar.clientWidth
    })
    expect(clipped).toBe(false)
  })

  it.each([
    ['dark', SMALL],
    ['light', SMALL],
    ['dark', LARGE],
    ['light', LARGE],
  ] as const)('student: both records, the test and the leverage in view: %s at %j', async (colorScheme, viewport) => {
    const page = await open({ colorScheme, viewport })
    await STATES['student']?.(page)
    await picture(page, `student-${viewport.width}x${viewport.height}-${colorScheme}`)
    const table = page.getByRole('table', { name: 'Records' })
    expect(await table.getByRole('row').allTextContents()).toEqual([
      'SymbolRecord ofTradesLeverageOutcomes judgedWin rateMean REver',
      'BTCUSDTTeacherin the shadow3×20040.5 %−0.012412',
      'BTCUSDTStudentyes5×11851.7 %+0.231118',
      'ETHUSDTTeacherin the shadow3×20040.5 %−0.012412',
      'ETHUSDTStudentyes3×11851.7 %+0.044118',
    ])
    const facts = await page.locator('.learning .facts div').allTextContents()
    expect(facts.slice(0, 4)).toEqual(['Testt 1.94, must exceed 1.70', 'Earned2 steps', 'Leverage5× (all 3×, most 10×)', 'At the venue5×'])
    expect(await table.getByRole('row').last().isVisible()).toBe(true)
  })

  it.each(['protanopia', 'deuteranopia', 'tritanopia'] as const)(
    'colour vision %s: pictures, and every status has glyph and word',
    async (type) => {
      const page = await open()
      const session = await page.context().newCDPSession(page)
      await session.send('Emulation.setEmulatedVisionDeficiency', { type })
      await picture(page, `vision-${type}`)
      const bare = await page
        .locator('.status')
        .evaluateAll((all) => all.map((one) => one.textContent ?? '').filter((text) => !/^[✔▲✖○] \S/.test(text)))
      expect(bare).toEqual([])
    },
  )

  it('forced colours and reduced motion: still accessible', async () => {
    const page = await open({ forcedColors: 'active', reducedMotion: 'reduce' })
    await STATES['halted']?.(page)
    await expectAccessible(page, 'forced colours')
    await picture(page, 'forced-colours')
  })

  it('controls are large enough (2.5.8), the kill switch at least 32 × 120', async () => {
    const page = await open()
    const small = await page.locator('button, select, input').evaluateAll((all) =>
      all
        .map((one) => ({ text: one.textContent?.trim() ?? '', box: one.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
        .map(({ text, box }) => `${text} ${box.width}×${box.height}`),
    )
    expect(small).toEqual([])
    const halt = await page.locator('#halt').boundingBox()
    expect(halt?.height).toBeGreaterThanOrEqual(32)
    expect(halt?.width).toBeGreaterThanOrEqual(120)
  })

  it.each(['mode-chip', 'settings', 'keys'])('the %s dialog never covers the kill switch', async (which) => {
    const page = await open()
    if (which === 'keys') await page.keyboard.press('?')
    else if (which === 'settings') await page.locator('#settings').click()
    else await page.locator('.mode-chip').click()
    for (const id of ['halt', 'flatten', 'reduce-only']) {
      const onTop = await page.locator(`#${id}`).evaluate((button) => {
        const box = button.getBoundingClientRect()
        return button.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2))
      })
      expect(onTop, id).toBe(true)
    }
    await holdFor(page, 'halt', 750)
    expect(await halts(page)).toBe(1)
  })

  describe('holding', () => {
    it('500 ms does nothing, 700 ms halts once', async () => {
      const page = await open()
      await holdFor(page, 'halt', 500)
      await page.waitForTimeout(400)
      expect(await halts(page)).toBe(0)
      await holdFor(page, 'halt', 700)
      expect(await calls(page)).toContain('["halt",{"level":"halt","reason":"HALT pressed in the cockpit"}]')
      expect(await halts(page)).toBe(1)
    })
    it('leaving the button aborts; flatten needs 1.2 s and says first what it closes', async () => {
      const page = await open()
      const box = await page.locator('#halt').boundingBox()
      await page.mouse.move((box?.x ?? 0) + 20, (box?.y ?? 0) + 10)
      await page.mouse.down()
      await page.waitForTimeout(200)
      await page.mouse.move(400, 400)
      await page.waitForTimeout(700)
      await page.mouse.up()
      expect(await halts(page)).toBe(0)
      await page.locator('#flatten').hover()
      expect(await page.locator('#flatten-what').textContent()).toBe('Closes at market: long 0.120 BTCUSDT, short 1.500 ETHUSDT')
      await holdFor(page, 'flatten', 900)
      expect(await halts(page)).toBe(0)
      await holdFor(page, 'flatten', 1_350)
      expect(await calls(page)).toContain('["halt",{"level":"flatten","reason":"Flatten pressed in the cockpit"}]')
    })
    it('press twice works for those who cannot hold', async () => {
      const page = await open()
      await page.locator('#settings').click()
      await page.getByText('press twice within 2 s').click()
      await page.keyboard.press('Escape')
      await page.locator('#halt').click()
      expect(await halts(page)).toBe(0)
      await page.locator('#halt').click()
      expect(await halts(page)).toBe(1)
    })
  })

  it('keyboard only: read the mismatch, HALT by holding a key, resume with the phrase', async () => {
    const page = await open()
    await page.keyboard.press('3')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('reconciliation')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('Our books', { exact: true }).waitFor()
    await page.locator('#halt').focus()
    await page.keyboard.down(' ')
    await page.waitForTimeout(300)
    await page.keyboard.up(' ')
    expect(await halts(page)).toBe(0)
    await page.keyboard.down(' ')
    await page.waitForTimeout(750)
    await page.keyboard.up(' ')
    await page.locator('[data-kill="confirmed"]').waitFor()
    expect(await page.locator('.kill-strip').textContent()).toMatch(
      /HALT in force · sent \d\d:\d\d:\d\d\.\d{3} UTC · engine accepted \+[\d.]+ ms · venue confirmed \+180 ms/,
    )
    await page.evaluate(() => window.fixture.patch({ reconciliation: { ...window.fixture.state().reconciliation, mismatches: [] } }))
    await page.locator('.resume').focus()
    await page.keyboard.press('Enter')
    await page.keyboard.type('resume tradin')
    expect(await page.getByRole('button', { name: 'Resume', exact: true }).isDisabled()).toBe(true)
    await page.keyboard.type('g')
    await page.keyboard.press('Enter')
    await until(
      'released',
      () => calls(page),
      (all) => all.some((call) => call.startsWith('["releaseHalt"')),
      2_000,
    )
    await page.locator('.kill-strip').waitFor({ state: 'detached' })
  })

  it('an open critical mismatch keeps Resume closed', async () => {
    const page = await open()
    await STATES['resume dialog']?.(page)
    await page.keyboard.type('resume trading')
    expect(await page.getByRole('button', { name: 'Resume', exact: true }).isDisabled()).toBe(true)
  })

  it('a HALT without a line waits, says so, and is sent when the line is back', async () => {
    const page = await open()
    await STATES['disconnected']?.(page)
    await holdFor(page, 'halt', 700)
    await page.locator('[data-kill="queued"]').waitFor()
    expect(await halts(page)).toBe(0)
    await page.evaluate(() => window.fixture.link({ kind: 'open' }))
    await until(
      'sent',
      () => halts(page),
      (n) => n === 1,
      2_000,
    )
  })

  it('a frozen engine and a frozen feed each show as stale within the limit + 250 ms + one frame of polling', async () => {
    const page = await open()
    for (const kind of ['freezeFeed', 'freezeEngine'] as const) {
      const shown = await page.evaluate(
        (which) =>
          new Promise<number>((resolve) => {
            window.fixture[which](true)
            const from = performance.now()
            const look = (): void => {
              if (document.querySelector('#candles')?.getAttribute('data-state') === 'stale') resolve(performance.now() - from)
              else requestAnimationFrame(look)
            }
            look()
          }),
        kind,
      )
      expect(shown, kind).toBeGreaterThan(2_500)
      expect(shown, kind).toBeLessThan(3_000 + 250 + 50)
      expect(await page.title()).toMatch(/^STALE · SIMULATED · BTCUSDT [\d,.]+ · A\.E\.G\.I\.S\.$/)
      await page.evaluate((which) => window.fixture[which](false), kind)
      await until(
        'live again',
        () => panelKind(page, 'candles'),
        (state) => state === 'live',
        3_000,
      )
    }
  })

  it('a lost message makes it resync and come back', async () => {
    const page = await open()
    await page.evaluate(() => window.fixture.skip(5))
    await until(
      'live again',
      () => panelKind(page, 'candles'),
      (state) => state === 'live',
      4_000,
    )
  })

  it('freeze stops the display, not the kill switch', async () => {
    const page = await open()
    await page.keyboard.press('f')
    await notice(page, 'frozen').waitFor()
    const before = await page.locator('.chart-legend').textContent()
    await page.waitForTimeout(600)
    expect(await page.locator('.chart-legend').textContent()).toBe(before)
    await holdFor(page, 'halt', 700)
    await page.locator('[data-kill="confirmed"]').waitFor()
  })

  it('single-letter keys can be switched off, Ctrl+Shift+K cannot', async () => {
    const page = await open()
    await page.locator('#settings').click()
    await page.locator('input[name=keys]').nth(1).check()
    await page.keyboard.press('Escape')
    await page.keyboard.press('t')
    expect(await page.locator('.chart-table').count()).toBe(0)
    await page.keyboard.press('Control+Shift+K')
    expect(await halts(page)).toBe(1)
  })

  it('in live mode chaos does not exist', async () => {
    const page = await open()
    await page.locator('#proof-tab-chaos').click()
    await STATES['live']?.(page)
    await page.locator('#proof-tab-chaos').waitFor({ state: 'detached' })
    expect(await page.getByText('Run chaos').count()).toBe(0)
  })

  it('150 rows at 20 updates a second keep the frame budget', async () => {
    const page = await open()
    await page.evaluate(() => {
      const state = window.fixture.state()
      const base = state.fills[0]
      if (base !== undefined) window.fixture.patch({ fills: Array.from({ length: 150 }, (_, i) => ({ ...base, tradeId: String(i) })) })
    })
    await page.locator('#book-tab-fills').click()
    const worst = await page.evaluate(
      () =>
        new Promise<{ median: number; p95: number; rows: number }>((resolve) => {
          const gaps: number[] = []
          let last = performance.now()
          const updates = setInterval(() => {
            const { fills } = window.fixture.state()
            window.fixture.patch({ fills: [...fills.slice(1), ...fills.slice(0, 1)] })
          }, 50)
          const frame = (): void => {
            const now = performance.now()
            gaps.push(now - last)
            last = now
            if (gaps.length < 120) return void requestAnimationFrame(frame)
            clearInterval(updates)
            gaps.sort((a, b) => a - b)
            resolve({ median: gaps[60] ?? 0, p95: gaps[114] ?? 0, rows: document.querySelectorAll('#book tbody tr').length })
          }
          requestAnimationFrame(frame)
        }),
    )
    expect(worst.rows).toBeLessThan(60)
    expect(worst.median).toBeLessThan(34)
  })

  it('the filter narrows the table and CSV is exactly what is shown', async () => {
    const page = await open()
    await page.keyboard.press('/')
    await page.keyboard.type('eth')
    expect(await page.locator('#book tbody tr').count()).toBe(1)
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#book .tool').click()])
    expect(download.suggestedFilename()).toBe('positions.csv')
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).toString()).toMatch(/^Symbol,Side,Qty,Entry,Mark,.*\r\nETHUSDT,short,-1\.500,3512\.10,3498\.40,20\.55,/)
  })
})
