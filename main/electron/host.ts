/**
 * The Electron host: one window on app://cockpit, the engine as utility processes, tray and global HALT key. Owns nothing of the
 * trading: createCockpit does, the same as under the Node host.
 */
import { app, BrowserWindow, Notification } from 'electron'
import { rmdirSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { remoteAuditRunner } from '../../engine/audit/remote.ts'
import { createChaosRunner } from '../../engine/chaos/index.ts'
import { parseFlags } from '../../engine/cli/command.ts'
import { checkTape } from '../../engine/cli/launch.ts'
import { defaultDataDir, SETTINGS_FLAGS, settingsFrom } from '../../engine/cli/settings-flags.ts'
import { withChosenSymbols } from '../../engine/cli/universe.ts'
import { createCockpit, type Cockpit } from '../../engine/cockpit/cockpit.ts'
import type { Failure } from '../../engine/contract/result.ts'
import { codeVersion } from '../../engine/supervisor/code-version.ts'
import { startEngine } from '../../engine/supervisor/engine.ts'
import { serveScheme } from './app-protocol.ts'
import { ownArguments } from './arguments.ts'
import { setUpDesk } from './desk.ts'
import { hardenContents, hardenSession } from './hardening.ts'
import { serveIpc } from './ipc.ts'
import { openKeys } from './keys.ts'
import { utilitySpawner } from './utility-spawner.ts'
import { createQuiet, newsBetween } from './news.ts'
import { openWindow } from './window.ts'
import { openReconcileLine } from '../node/reconcile-line.ts'
import { staticFiles } from '../node/static-files.ts'

const warn = (line: string): void => void process.stderr.write(`aegis: ${line}\n`)
const fileBeside = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const ICON = fileBeside('../assets/icon.png')
const PRELOAD = fileBeside('../../preload/index.cjs')
/** The engine's own stop takes at most this, ms; then the host goes anyway. */
const STOP_MS = 8_000

/** @param made folders that were created for this start, innermost first; removed again when it is refused */
export function start(made: readonly string[]): void {
  const refuse = (error: Failure): void => {
    warn(error.message)
    for (const folder of made) {
      try {
        if (basename(folder) === 'window') rmSync(folder, { recursive: true })
        else rmdirSync(folder)
      } catch {
        /* Not empty: someone else's. */
      }
    }
    app.exit(2)
  }
  const flags = parseFlags(ownArguments(process.argv, app.isPackaged), SETTINGS_FLAGS)
  if (!flags.ok) return refuse(flags.error)
  const { values } = flags.value
  const given = settingsFrom(values)
  if (!given.ok) return refuse(given.error)
  const dataDir = values.data === undefined ? defaultDataDir() : resolve(values.data)

  hardenContents(warn)
  if (!app.requestSingleInstanceLock())
    return refuse({ code: 'in-use', message: `A.E.G.I.S. already runs on ${dataDir}; its window comes to the front` })

  let cockpit: Cockpit | null = null
  let takeDownDesk = (): void => {}
  let closeLine = (): void => {}
  const show = (): void => {
    const [window] = BrowserWindow.getAllWindows()
    if (window === undefined) return
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }
  const { version, build } = codeVersion()

  const begin = async (): Promise<void> => {
    const settings = await withChosenSymbols(given.value)
    if (!settings.ok) return refuse(settings.error)
    const tape = checkTape(settings.value)
    if (!tape.ok) return refuse(tape.error)
    hardenSession()
    serveScheme(staticFiles())
    const spawner = utilitySpawner()
    const keys = await openKeys(dataDir, process.env['AEGIS_KEY_FILE'], warn)
    // The window first: its page loads in its own process while this one starts the engine.
    const window = openWindow({
      dataDir,
      preload: PRELOAD,
      icon: ICON,
      packaged: app.isPackaged,
      openPositions: () => openPositions(cockpit),
      warn,
    })
    const made = createCockpit({
      settings: settings.value,
      version,
      live: () => ({ keys: keys.present, certificate: false, missing: ['live order routing is not part of this build'] }),
      launch: (wanted) => startEngine(wanted, { spawner, dataDir, build, host: 'electron' }),
      audit: remoteAuditRunner(spawner, process.env),
      chaos: createChaosRunner(() => spawner),
    })
    if (!made.ok) {
      window.destroy()
      return refuse(made.error)
    }
    const running = made.value
    cockpit = running
    serveIpc(running)
    tellNews(running, window)
    takeDownDesk = setUpDesk({
      icon: ICON,
      halt: (by) => void running.call('halt', { level: 'halt', reason: `HALT by ${by}` }),
      show,
      quit: () => app.quit(),
      importKeys: () => void keys.importFromFile(window),
      forgetKeys: () => void keys.forget(window),
      status: () => trayStatus(running),
      warn,
    })
    closeLine = await openReconcileLine(running, dataDir, warn)
  }

  app.on('second-instance', show)
  app.on('window-all-closed', () => app.quit())
  let stopping = false
  app.on('before-quit', (event) => {
    if (cockpit === null) return
    event.preventDefault()
    if (stopping) return
    stopping = true
    takeDownDesk()
    closeLine()
    for (const window of BrowserWindow.getAllWindows()) window.destroy()
    const late = setTimeout(() => app.exit(0), STOP_MS)
    void cockpit.stop().finally(() => {
      clearTimeout(late)
      app.exit(0)
    })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit())
  void app
    .whenReady()
    .then(begin)
    .catch((thrown: unknown) => {
      warn(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))
      app.exit(1)
    })
}

function openPositions(cockpit: Cockpit | null): string | null {
  const open = (cockpit?.state.account?.positions ?? []).filter((row) => !/^-?0(\.0*)?$/.test(row.quantity))
  return open.length === 0 ? null : open.map((row) => `${row.quantity} ${row.symbol}`).join(', ')
}

function trayStatus(cockpit: Cockpit): string {
  const { mode, kill, account } = cockpit.state
  const state = kill.latch === null ? 'trading' : kill.latch.level === 'reduceOnly' ? 'reduce only' : 'HALTED'
  return `${mode.current} · ${state}${account === null ? '' : ` · equity ${account.equity}`}`
}

/** Desktop notifications while nobody looks at the window. */
function tellNews(cockpit: Cockpit, window: BrowserWindow): void {
  if (!Notification.isSupported()) return
  const may = createQuiet()
  let before = cockpit.state
  cockpit.subscribe('state', () => {
    const after = cockpit.state
    const news = newsBetween(before, after)
    before = after
    for (const one of news) {
      const unseen = window.isDestroyed() || !window.isFocused() || one.kind !== 'fill'
      if (unseen && may(one.kind, performance.now()))
        new Notification({ title: one.title, body: one.body, silent: one.kind === 'fill' }).show()
    }
  })
}
