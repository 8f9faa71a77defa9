import { defineConfig } from 'vitest/config'

/**
 * The cockpit on screen. screen: the page on a scripted bridge, two files at a time. cockpit: real processes behind it, one file at a
 * time, because each starts an engine and holds buttons for exact times. `npm run e2e`.
 * Chromium and Electron are looked for; what is missing is named and its tests are skipped by that name.
 */
const SCRIPTED = ['e2e/screen.e2e.ts', 'e2e/states.e2e.ts']

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['e2e/support/build-once.ts'],
    // A real screen on a shared machine: one miss is tried again where a change is judged; two in a row are a failure.
    retry: process.env['CI'] === undefined ? 0 : 1,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'screen', include: SCRIPTED, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: { name: 'cockpit', include: ['e2e/**/*.e2e.ts'], exclude: SCRIPTED, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
