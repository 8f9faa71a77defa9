/**
 * Electron's first file. What must happen before the app is ready happens here, at once and in CommonJS: an ES module's imports may
 * still be loading when the app becomes ready. Everything else is in electron/host.
 */
import type * as host from './electron/host.js'
import electron = require('electron')
import fs = require('node:fs')
import path = require('node:path')

const { app, protocol } = electron

// An operator who passed --no-sandbox (a container without user namespaces) is told, not overruled: Chromium could not start otherwise.
if (app.commandLine.hasSwitch('no-sandbox')) process.stderr.write('aegis: running without the operating system sandbox, as asked\n')
else app.enableSandbox()
// The names of electron/channels.ts; a CommonJS file cannot import them (a test compares).
protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }])

/* GTK shows a file dialog and nothing else here, yet as it starts it loads OpenGL with its whole driver, to choose a visual by it: 50 MB
 * where that is the software renderer. It asks the environment once; what is started from here later does not inherit the answer. */
if (process.platform === 'linux' && process.env['GDK_GL'] === undefined) {
  process.env['GDK_GL'] = 'disable'
  void app.whenReady().then(() => delete process.env['GDK_GL'])
}

/** The browser's own files and the single-instance lock go with the data folder, so that two folders are two cockpits. */
function dataFolder(): string | undefined {
  const words = process.argv
  const joined = words.find((word) => word.startsWith('--data='))
  const at = words.lastIndexOf('--data')
  return joined?.slice('--data='.length) ?? (at >= 0 ? words[at + 1] : process.env['AEGIS_DATA'])
}

/** Folders made here, removed again when the start is refused. */
const made: string[] = []
const given = dataFolder()
if (given !== undefined && given !== '') {
  const folder = path.join(path.resolve(given), 'window')
  for (const one of [path.dirname(folder), folder]) if (!fs.existsSync(one)) made.unshift(one)
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    app.setPath('userData', folder)
  } catch {
    // The engine names the folder and the reason when it cannot use it.
  }
}

// The build makes one file of it, so that it is loaded at once: a start that is refused ends before Chromium's processes write anything.
try {
  const { start }: typeof host = require('./electron/host.cjs')
  start(made)
} catch (error) {
  process.stderr.write(`aegis: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  app.exit(1)
}
