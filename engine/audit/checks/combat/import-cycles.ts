/** C4.3: no import cycles in the real module graph, and no room imports upwards (ARCHITECTURE.md). */
import { defineCheck, verdict } from '../../check.ts'
import { importCycles, upwardImports } from '../../module-graph.ts'

export const importCycleCheck = defineCheck({
  id: 'C4.3',
  suite: 'combat',
  dimension: 'resources',
  title: 'Import cycles',
  risk: 'RISKY',
  invariant: 'INV-15',
  run: ({ seams }) => {
    const graph = seams.moduleGraph()
    const edges = [...graph.values()].reduce((n, targets) => n + targets.length, 0)
    const problems = [
      ...importCycles(graph).map((cycle) => `cycle: ${cycle.join(' → ')}`),
      ...upwardImports(graph).map((edge) => `upward: ${edge}`),
    ]
    // An empty graph would pass for the wrong reason.
    if (graph.size < 100 || edges < 200) problems.push(`only ${graph.size} files and ${edges} imports were found`)
    return Promise.resolve(
      verdict(problems, `${graph.size} files, ${edges} imports, no cycle, none upwards`, 'no cycle, no upward import', {
        files: graph.size,
        imports: edges,
      }),
    )
  },
  sabotages: [
    {
      name: 'money imports the brain, which imports money',
      seams: (real) => ({
        ...real,
        moduleGraph: () => new Map([...real.moduleGraph(), ['money/decimal', ['brain/reducer']], ['brain/reducer', ['money/decimal']]]),
      }),
    },
    {
      name: 'the journal imports the supervisor',
      seams: (real) => ({ ...real, moduleGraph: () => new Map([...real.moduleGraph(), ['journal/x', ['supervisor/x']]]) }),
    },
    { name: 'the graph comes back empty', seams: (real) => ({ ...real, moduleGraph: () => new Map() }) },
  ],
})
