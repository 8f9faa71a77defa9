/** The Node host as a program: engine, cockpit and loopback host together, until a signal. Prints the cockpit's address once. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createCockpit } from '../../engine/cockpit/cockpit.ts'
import { parseNumber, refuse, type ExitCode, type Io } from '../../engine/cli/command.ts'
import type { HostValues } from '../../engine/cli/host-program.ts'
import { checkStrategy, checkTape, launchEngine } from '../../engine/cli/launch.ts'
import { remoteAuditRunner } from '../../engine/audit/remote.ts'
import { chaosRunner } from '../../engine/chaos/index.ts'
import { defaultDataDir, settingsFrom } from '../../engine/cli/settings-flags.ts'
import { withChosenSymbols } from '../../engine/cli/universe.ts'
import { nodeSpawner } from '../../engine/supervisor/node-spawner.ts'
import { codeVersion } from '../../engine/supervisor/code-version.ts'
import { announceHost } from './host-file.ts'
import { checkPort, startLoopbackHost } from './loopback-host.ts'
import { staticFiles } from './static-files.ts'

/** Opens the user's browser; what cannot be opened is said once, the address stands above. */
function openBrowser(url: string, io: Io): void {
  const program = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open'
  const child = spawn(program, [url], { stdio: 'ignore', detached: true })
  child.on('error', () => io.err(`aegis: no browser could be opened (${program} is missing): open the address by hand`))
  child.unref()
}

export async function runNodeHost(values: HostValues, io: Io): Promise<ExitCode> {
  const port = values.port === undefined ? { ok: true as const, value: 0 } : parseNumber('port', values.port, 0, 65_535)
  if (!port.ok) return refuse(io, port.error)
  const given = settingsFrom(values)
  if (!given.ok) return refuse(io, given.error)
  const settings = await withChosenSymbols(given.value)
  if (!settings.ok) return refuse(io, settings.error)
  const tape = checkTape(settings.value)
  if (!tape.ok) return refuse(io, tape.error)
  const strategy = await checkStrategy(settings.value)
  if (!strategy.ok) return refuse(io, strategy.error)
  const free = await checkPort(port.value)
  if (!free.ok) return refuse(io, free.error)
  const dataDir = values.data === undefined ? defaultDataDir() : resolve(values.data)

  const created = createCockpit({
    settings: settings.value,
    version: codeVersion().version,
    launch: (chosen) => launchEngine(chosen, dataDir),
    audit: remoteAuditRunner(nodeSpawner(), process.env),
    chaos: chaosRunner,
  })
  if (!created.ok) return refuse(io, created.error)
  const cockpit = created.value
  const host = await startLoopbackHost({ api: cockpit, files: staticFiles(), port: port.value })
  if (!host.ok) {
    await cockpit.stop()
    return refuse(io, host.error)
  }
  const takeBack = announceHost(dataDir, host.value, (line) => io.err(`aegis: ${line}`))
  io.out(`${host.value.url}\n`)
  if (values.open === true) openBrowser(host.value.url, io)
  const ready = await Promise.race([cockpit.engine.ready, io.stopped.then(() => null)])
  if (ready !== null && !ready.ok)
    io.err(`aegis: the engine ${ready.error.code === 'key-refused' ? 'refuses to trade' : 'did not start'}: ${ready.error.message}`)
  else for (const warning of cockpit.engine.key?.warnings ?? []) io.err(`aegis: key: ${warning}`)

  await io.stopped
  takeBack()
  await host.value.close()
  await cockpit.stop()
  return 0
}
