import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CHANNELS, SCHEME } from './channels.ts'
import { WEB_PREFERENCES } from './web-preferences.ts'

it('the page is isolated, sandboxed and without Node, and nobody can change that at run time', () => {
  expect(WEB_PREFERENCES).toEqual({
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    backgroundThrottling: false,
  })
  expect(Object.isFrozen(WEB_PREFERENCES)).toBe(true)
})

it('the preload exposes two functions, requires only electron, and names the channels as main does', () => {
  const source = readFileSync(new URL('../../preload/index.cts', import.meta.url), 'utf8')
  expect(source.match(/contextBridge\.exposeInMainWorld\([^)]*\)/g)).toEqual([
    "contextBridge.exposeInMainWorld('aegis', { call, subscribe } satisfies Record<keyof CockpitApi, unknown>)",
  ])
  expect([...source.matchAll(/require\(([^)]*)\)/g)].map((m) => m[1])).toEqual(["'electron'"])
  expect([...source.matchAll(/^import (?!type|electron = require)/gm)]).toEqual([])
  for (const channel of Object.values(CHANNELS)) expect(source).toContain(`'${channel}'`)
})

it('the first file registers the scheme that main serves', () => {
  const source = readFileSync(new URL('../electron.cts', import.meta.url), 'utf8')
  expect(source).toContain(`{ scheme: '${SCHEME}', privileges: { standard: true, secure: true, supportFetchAPI: true } }`)
  expect(source).toContain('app.enableSandbox()')
})
