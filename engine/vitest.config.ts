import { defineConfig } from 'vitest/config'

/**
 * unit: pure and quick. integration: real processes, sockets, SQLite; three files at a time: they
 * mostly wait, and more would starve each other.
 * Files: x.test.ts and x.integration.test.ts beside the source.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          setupFiles: ['engine/property-seed.ts'],
          include: ['engine/**/*.test.ts', 'main/**/*.test.ts', 'renderer/**/*.test.ts', 'preload/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          setupFiles: ['engine/property-seed.ts'],
          include: ['engine/**/*.integration.test.ts', 'main/**/*.integration.test.ts'],
          maxWorkers: 3,
          // Real processes on a shared machine: one miss is tried again where a change is judged; two in a row are a failure.
          retry: process.env['CI'] === undefined ? 0 : 1,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
