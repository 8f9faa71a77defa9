/** `aegis audit` and `aegis chaos`: run the injected proofs, print one document, exit 1 when anything did not pass. */
import type { AuditReport, ChaosReport, ProofRunner } from '../contract/proof.ts'
import { parseFlags, parseNumber, refuse, type Command, type ExitCode } from './command.ts'
import { outFolder } from './out-folder.ts'

const FLAGS = {
  json: { type: 'boolean' },
  list: { type: 'boolean' },
  only: { type: 'string' },
  suite: { type: 'string' },
  seed: { type: 'string' },
  report: { type: 'string' },
} as const

interface Kind<Report> {
  readonly name: 'audit' | 'chaos'
  readonly summary: string
  load(): Promise<ProofRunner<Report>>
  text(report: Report): readonly string[]
  passed(report: Report): boolean
}

async function load(room: 'audit' | 'chaos', name: string): Promise<unknown> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const module = (await import(new URL(`../${room}/index.${extension}`, import.meta.url).href)) as Record<string, unknown>
  return module[name]
}
export const loadAuditRunner = async (): Promise<ProofRunner<AuditReport>> =>
  (await load('audit', 'auditRunner')) as ProofRunner<AuditReport>
export const loadChaosRunner = async (): Promise<ProofRunner<ChaosReport>> =>
  (await load('chaos', 'chaosRunner')) as ProofRunner<ChaosReport>

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

function proofCommand<Report>(kind: Kind<Report>): Command {
  return {
    name: kind.name,
    summary: kind.summary,
    usage: [
      ['--only ID,ID', 'these only'],
      ['--suite NAME,NAME', 'these suites only'],
      ['--seed N', 'same seed, same result'],
      ['--report DIR', 'also write the reports there'],
      ['--list', 'say what there is'],
      ['--json', 'one JSON document'],
    ],
    async run(args, io): Promise<ExitCode> {
      const flags = parseFlags(args, FLAGS)
      if (!flags.ok) return refuse(io, flags.error)
      const { values } = flags.value
      const seed = values.seed === undefined ? undefined : parseNumber('seed', values.seed, 0, 2 ** 31 - 1)
      if (seed !== undefined && !seed.ok) return refuse(io, seed.error)
      const runner = await kind.load()
      const catalog = runner.list()
      if (values.list === true) {
        if (values.json === true) io.out(`${JSON.stringify(catalog)}\n`)
        else for (const one of catalog) io.out(`${one.id.padEnd(16)} ${one.suite.padEnd(14)} ${one.title}\n`)
        return 0
      }
      const ids = list(values.only)
      const suites = list(values.suite)
      const unknown =
        ids?.find((id) => !catalog.some((one) => one.id === id)) ?? suites?.find((suite) => !catalog.some((one) => one.suite === suite))
      if (unknown !== undefined)
        return refuse(io, { code: 'usage', message: `there is no ${kind.name} "${unknown}" (see aegis ${kind.name} --list)` })
      const folder = values.report === undefined ? null : outFolder('report', values.report)
      if (folder !== null && !folder.ok) return refuse(io, folder.error)
      const abort = new AbortController()
      void io.stopped.then(() => abort.abort())
      const result = await runner.run(
        {
          ...(ids === undefined ? {} : { ids }),
          ...(suites === undefined ? {} : { suites }),
          ...(seed === undefined ? {} : { seed: seed.value }),
          ...(folder === null ? {} : { reportDir: folder.value.path }),
        },
        (progress) => io.err(`${progress.done}/${progress.total} ${progress.current}`),
        abort.signal,
      )
      if (!result.ok) return refuse(io, result.error)
      if (values.json === true) io.out(`${JSON.stringify(result.value)}\n`)
      else for (const line of kind.text(result.value)) io.out(`${line}\n`)
      return kind.passed(result.value) ? 0 : 1
    },
  }
}

export const audit = proofCommand<AuditReport>({
  name: 'audit',
  summary: 'prove the engine: every check on the real modules',
  load: loadAuditRunner,
  text: ({ checks }) =>
    checks.map(
      (one) => `${one.status.toUpperCase().padEnd(5)} ${one.id.padEnd(8)} ${one.title}: ${one.measured} (expected ${one.expected})`,
    ),
  passed: ({ checks }) => checks.every((one) => one.status === 'pass' || one.status === 'warn'),
})

export const chaos = proofCommand<ChaosReport>({
  name: 'chaos',
  summary: 'break a twin engine on purpose and judge what survives',
  load: loadChaosRunner,
  text: ({ scenarios }) => scenarios.map((one) => `${one.verdict.padEnd(9)} ${one.id.padEnd(14)} ${one.reason}`),
  passed: ({ scenarios }) => scenarios.every((one) => one.verdict === 'SURVIVED'),
})
