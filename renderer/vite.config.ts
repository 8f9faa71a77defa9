import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/**
 * The product's page; `--mode fixture` builds renderer/fixture/index.html instead, for screen tests, into its own folder.
 * No inline scripts or styles come out: the page's policy forbids them.
 */
export default defineConfig(({ mode }) => {
  const fixture = mode === 'fixture'
  const root = new URL(fixture ? './fixture/' : './', import.meta.url).pathname
  return {
    root,
    base: './',
    plugins: [react()],
    build: {
      outDir: new URL(fixture ? '../dist/renderer-fixture/' : '../dist/renderer/', import.meta.url).pathname,
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      sourcemap: false,
      chunkSizeWarningLimit: 900,
      reportCompressedSize: false,
    },
  }
})
