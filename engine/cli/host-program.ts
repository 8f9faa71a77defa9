/** Hands over to the Node host (main/node), which stands beside the engine: found by file, because the engine imports no host. */
import type { ExitCode, Io } from './command.ts'
import type { SettingsValues } from './settings-flags.ts'

export interface HostValues extends SettingsValues {
  port?: string
  open?: boolean
}

export interface HostModule {
  runNodeHost(values: HostValues, io: Io): Promise<ExitCode>
}

export async function hostProgram(values: HostValues, io: Io): Promise<ExitCode> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const { runNodeHost } = (await import(new URL(`../../main/node/run-node-host.${extension}`, import.meta.url).href)) as HostModule
  return runNodeHost(values, io)
}
