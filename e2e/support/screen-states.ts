/** How to bring the scripted screen into each of its states. */
import type { Page } from 'playwright'
import type { FixtureControls } from '../../renderer/fixture/controls.ts'
import { notice } from './cockpit-page.ts'

declare global {
  interface Window {
    fixture: FixtureControls
  }
}

export const STATES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  mismatch: async () => {},
  calm: (page) =>
    page.evaluate(() => window.fixture.patch({ reconciliation: { ...window.fixture.state().reconciliation, mismatches: [] } })),
  halted: async (page) => {
    await page.keyboard.press('Control+Shift+K')
    await page.locator('[data-kill="confirmed"]').waitFor()
  },
  'stale engine': async (page) => {
    await page.evaluate(() => window.fixture.freezeEngine(true))
    await notice(page, 'engine').waitFor()
  },
  'stale feed': async (page) => {
    await page.evaluate(() => window.fixture.freezeFeed(true))
    await notice(page, 'feed').waitFor()
  },
  disconnected: async (page) => {
    await page.evaluate(() => window.fixture.link({ kind: 'closed', attempt: 1, retryInMs: 4_000, reason: 'refused' }))
    await notice(page, 'line').waitFor()
  },
  'flat and empty': (page) =>
    page.evaluate(() => {
      const { account } = window.fixture.state()
      window.fixture.patch({ account: account === null ? null : { ...account, positions: [], orders: [] }, fills: [], signals: [] })
    }),
  'brain down': (page) =>
    page.evaluate(() =>
      window.fixture.patch({
        processes: window.fixture.state().processes.map((row) => (row.name === 'brain' ? { ...row, state: 'restarting', pid: null } : row)),
      }),
    ),
  paper: (page) => page.evaluate(() => window.fixture.patch({ mode: { ...window.fixture.state().mode, current: 'paper' } })),
  live: (page) => page.evaluate(() => window.fixture.patch({ mode: { ...window.fixture.state().mode, current: 'live' } })),
  'read-only key': async (page) => {
    await page.evaluate(() => {
      const { status } = window.fixture.state()
      window.fixture.patch({
        status: { ...status, key: { use: 'read-only', warnings: ['This key may only read: nothing can be traded with it.'] } },
      })
    })
    await notice(page, 'key').waitFor()
  },
  'chart table': (page) => page.keyboard.press('t'),
  'details open': async (page) => {
    await page.locator('.inbox-row').first().click()
    await page.locator('.proof-row').nth(1).click()
  },
  fills: (page) => page.locator('#book-tab-fills').click(),
  amending: async (page) => {
    await page.locator('#book-tab-orders').click()
    await page.getByRole('button', { name: 'Amend buy BTCUSDT ag-s1-1' }).click()
    await page.getByLabel('Quantity').fill('2')
    await page.keyboard.press('Enter')
    await page.getByText('maxOrderNotional').waitFor()
  },
  equity: (page) => page.locator('#book-tab-equity').click(),
  student: async (page) => {
    await page.locator('#book-tab-student').click()
    await page.getByText('Student ahead').waitFor()
  },
  'student that has learned nothing': async (page) => {
    await page.evaluate(() => {
      const rows = window.fixture.state().learning?.rows ?? []
      const none = { judged: 0, winRate: 0, meanR: 0, total: 0 }
      window.fixture.patch({
        learning: {
          strategy: 'teacher',
          rows: rows.map((row) => ({
            ...row,
            trading: 'teacher',
            allowed: 3,
            venue: 0,
            shadow: {
              ...row.shadow,
              teacher: none,
              student: none,
              t: 0,
              beats: false,
              steps: 0,
              learned: 0,
              why: 'too few outcomes to compare: student 0, teacher 0, each needs 30',
            },
          })),
        },
      })
    })
    await page.locator('#book-tab-student').click()
    await page.getByText('Nothing earned').waitFor()
  },
  'no student': async (page) => {
    await page.evaluate(() => window.fixture.patch({ learning: { strategy: 'placeholder', rows: [] } }))
    await page.locator('#book-tab-student').click()
    await page.getByText('does not learn').waitFor()
  },
  journal: async (page) => {
    await page.locator('#book-tab-journal').click()
    await page.getByText('Read newest 200').click()
  },
  chaos: (page) => page.locator('#proof-tab-chaos').click(),
  'mode dialog': (page) => page.locator('.mode-chip').click(),
  'settings dialog': (page) => page.locator('#settings').click(),
  'replay list': (page) => page.keyboard.press('r'),
  'replay open': async (page) => {
    await page.keyboard.press('r')
    await page.locator('#replay-session').selectOption('k3v9q2ab')
    await page.locator('.replay-moment[aria-current="true"]').waitFor()
  },
  'keys dialog': (page) => page.keyboard.press('?'),
  'resume dialog': async (page) => {
    await page.keyboard.press('Control+Shift+K')
    await page.locator('.resume').click()
  },
}
