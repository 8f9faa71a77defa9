/** `aegis status`: is an engine running on this data folder, may it trade, what is latched. Exit 1 when none runs or it is halted. */
import { parseFlags, refuse, type Command } from './command.ts'
import { existingDataDir } from './data-flag.ts'
import { latchStore } from '../supervisor/latch.ts'
import { isRunning, readStatus } from '../supervisor/status-file.ts'

const FLAGS = { data: { type: 'string' }, json: { type: 'boolean' } } as const

export const status: Command = {
  name: 'status',
  summary: 'is it running, may it trade, what is latched',
  usage: [
    ['--data DIR', "the engine's data folder"],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    const dataDir = existingDataDir(values.data)
    if (!dataDir.ok) return refuse(io, dataDir.error)
    const last = readStatus(dataDir.value)
    const running = last !== null && isRunning(last)
    const latch = latchStore(dataDir.value).read()
    const document = { running, dataDir: dataDir.value, latch, engine: running ? last : null }
    if (values.json === true) io.out(`${JSON.stringify(document)}\n`)
    else {
      io.out(
        running
          ? `running: ${last.mode}, ${last.symbols.join(' ')}, process ${last.pid}, since ${new Date(last.startedAt).toISOString()}\n`
          : 'not running\n',
      )
      if (running) {
        io.out(`trading: ${last.tradingState}${last.released ? '' : ' (not released yet)'}\n`)
        if (last.key !== null) io.out(`key: ${[last.key.use, ...last.key.warnings].join('; ')}\n`)
        if (last.account !== null)
          io.out(
            `account: equity ${last.account.equity}, day ${last.account.dayPnl}, ${last.account.positions} positions, ${last.account.orders} orders\n`,
          )
        for (const row of last.processes)
          io.out(
            `  ${row.name.padEnd(11)} ${row.state.padEnd(10)} restarts ${row.restarts}${row.lastExit === null ? '' : ` (${row.lastExit})`}\n`,
          )
      }
      if (latch !== null)
        io.out(
          `latched: ${latch.level} by ${latch.by}: ${latch.reason} (${latch.confirmedAt === null ? 'NOT confirmed by the venue' : 'confirmed by the venue'})\n`,
        )
    }
    return running && latch === null ? 0 : 1
  },
}
