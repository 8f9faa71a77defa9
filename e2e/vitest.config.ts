import { defineConfig } from 'vitest/config'

/**
 * The cockpit on screen, with real processes behind it: one file at a time, because each starts an engine. `npm run e2e`.
 * Chromium and Electron are looked for; what is missing is named and its tests are skipped by that name.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['e2e/**/*.e2e.ts'],
    globalSetup: ['e2e/support/build-once.ts'],
    fileParallelism: false,
    // A real screen on a shared machine: one miss is tried again where a change is judged; two in a row are a failure.
    retry: process.env['CI'] === undefined ? 0 : 1,
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
})
