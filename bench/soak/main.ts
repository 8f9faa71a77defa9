/**
 * npm run soak -- [N] [--from SEED] [--json]
 *
 * N seeded runs (default 2,000) of random trading under faults, the brain's process killed with SIGKILL at random moments: no
 * duplicate order, no lost fill, ledger = venue to the last digit, the journal verifies. Exit 0 when every run held, 1 when one did
 * not, 2 on wrong usage.
 */
import { parseArgs } from 'node:util'
import { faultsOf, openPool, type SoakOutcome } from '../../engine/supervisor/fixtures/soak/pool.ts'

const DEFAULT_RUNS = 2_000
const MAX_SEED = 2 ** 31 - 1

function wrongUsage(text: string): never {
  process.stderr.write(`soak: ${text}. Usage: npm run soak -- [N] [--from SEED] [--json]\n`)
  process.exit(2)
}

function whole(text: string, what: string): number {
  const value = Number(text)
  if (!/^\d{1,10}$/.test(text) || value < 1 || value > MAX_SEED) wrongUsage(`${what} is a whole number of at least 1, not ${text}`)
  return value
}

function readArguments(): { readonly runs: number; readonly from: number; readonly json: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { from: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    if (positionals.length > 1) wrongUsage('one number of runs at most')
    return {
      runs: whole(positionals[0] ?? String(DEFAULT_RUNS), 'the number of runs'),
      from: whole(values.from, 'the first seed'),
      json: values.json,
    }
  } catch (thrown) {
    return wrongUsage(thrown instanceof Error ? (thrown.message.split(/\.\s|\n/)[0] ?? '') : String(thrown))
  }
}

const { runs, from, json } = readArguments()
const pool = openPool()
const started = performance.now()
const seconds = (): number => Math.round((performance.now() - started) / 1_000)
const total = { runs: 0, failed: 0, kills: 0, orders: 0, fills: 0 }
const failures: { readonly seed: number; readonly faults: readonly string[] }[] = []
const terminal = process.stderr.isTTY
let shownAt = 0

function progress(last: boolean): void {
  const now = performance.now()
  if (!last && now - shownAt < (terminal ? 500 : 15_000)) return
  shownAt = now
  const line = `soak: ${total.runs} of ${runs} runs, ${total.failed} failed, ${total.kills} kills, ${total.orders} orders, ${total.fills} fills, ${seconds()} s`
  process.stderr.write(terminal && !last ? `\r${line}` : `${terminal ? '\r' : ''}${line}\n`)
}

function count(outcome: SoakOutcome): void {
  total.runs++
  total.kills += outcome.kills
  total.orders += outcome.orders
  total.fills += outcome.fills
  const faults = faultsOf(outcome)
  if (faults.length > 0) {
    total.failed++
    failures.push({ seed: outcome.seed, faults })
    process.stderr.write(`${terminal ? '\n' : ''}soak: seed ${outcome.seed} FAILED: ${faults.join('; ')}\n`)
    process.stderr.write(`      again: npm run soak -- 1 --from ${outcome.seed}\n`)
  }
  progress(total.runs === runs)
}

await Promise.all(Array.from({ length: runs }, async (_, at) => count(await pool.run(from + at))))
pool.close()
const document = { soak: 'orders', from, ...total, seconds: seconds(), failures, ok: total.failed === 0 }
if (json) process.stdout.write(`${JSON.stringify(document)}\n`)
else {
  const verdict = document.ok
    ? 'no duplicate order, no lost fill, ledger = venue, every journal intact'
    : `FAILED seeds: ${failures.map((failure) => failure.seed).join(', ')}`
  process.stdout.write(`${runs} runs in ${document.seconds} s: ${verdict}\n`)
}
process.exit(document.ok ? 0 : 1)
