/**
 * npm run bench -- <name>… [--json] [--quick]
 *
 * `bench/<name>.ts` exports `run(options)` and returns one JSON document, `ok: false` in it when a bar was missed. Exit 0 when every
 * document is ok, 1 when a bar was missed, 2 on wrong usage. The document goes to stdout, everything else to stderr.
 */
import { readdirSync } from 'node:fs'
import { extname } from 'node:path'
import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** A shorter run for a first look; its figures are noisier. */
  readonly quick?: boolean
}

interface BenchModule {
  run(options: BenchOptions): object | Promise<object>
}

const suffix = extname(import.meta.url)
const folder = new URL('.', import.meta.url)
const names = readdirSync(folder)
  .filter((file) => file.endsWith(suffix) && !file.endsWith(`.test${suffix}`) && !file.endsWith('.d.ts') && file !== `main${suffix}`)
  .map((file) => file.slice(0, -suffix.length))

function isBench(module: unknown): module is BenchModule {
  return typeof module === 'object' && module !== null && 'run' in module && typeof module.run === 'function'
}

function wrongUsage(text: string): never {
  process.stderr.write(`bench: ${text}; there are: ${names.join(', ')}. Usage: npm run bench -- <name> [--json] [--quick]\n`)
  process.exit(2)
}

function readArguments(): { readonly wanted: string[]; readonly json: boolean; readonly quick: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    return { wanted: positionals, json: values.json, quick: values.quick }
  } catch (thrown) {
    return wrongUsage(thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown))
  }
}

const { wanted, json, quick } = readArguments()
if (wanted.length === 0) wrongUsage('name at least one benchmark')
const unknown = wanted.find((name) => !names.includes(name))
if (unknown !== undefined) wrongUsage(`no benchmark is called ${unknown}`)

let missed = false
const documents: Record<string, object> = {}
for (const name of wanted) {
  const module: unknown = await import(new URL(`${name}${suffix}`, folder).href)
  if (!isBench(module)) wrongUsage(`${name} is no benchmark: it exports no run()`)
  const document = await module.run({ quick })
  documents[name] = document
  if ('ok' in document && document.ok === false) missed = true
}
const result = wanted.length === 1 ? documents[wanted[0] ?? ''] : documents
process.stdout.write(`${JSON.stringify(result, null, json ? undefined : 2)}\n`)
process.exit(missed ? 1 : 0)
