/** The real import graph of the engine as it is installed: every file beside this one's parent folder, .ts in a checkout, .js when built. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** File (relative to the engine folder, '/' separated, without extension) → the engine files it imports at run time. */
export type ModuleGraph = ReadonlyMap<string, readonly string[]>

const engine = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const extension = extname(fileURLToPath(import.meta.url))
const name = (path: string): string => relative(engine, path).split(sep).join('/').slice(0, -extension.length)

/** Import and re-export statements that exist at run time (type-only ones do not). */
const STATEMENT = /(?:^|\n)\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?['"](\.[^'"]+)['"]/g
const DYNAMIC = /import\(\s*['"](\.[^'"]+)['"]\s*\)/g

export function readModuleGraph(): ModuleGraph {
  const graph = new Map<string, readonly string[]>()
  for (const entry of readdirSync(engine, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || !path.endsWith(extension) || /\.(test|d)\.ts$/.test(path) || path.includes(`${sep}native${sep}`)) continue
    const source = readFileSync(path, 'utf8')
    const targets = [...source.matchAll(STATEMENT), ...source.matchAll(DYNAMIC)].map((m) => resolve(dirname(path), m[1] ?? ''))
    graph.set(name(path), targets.filter((t) => t.startsWith(engine + sep) && t.endsWith(extension)).map(name))
  }
  return graph
}

const FLOORS: readonly (readonly string[])[] = [
  ['contract'],
  ['money', 'market', 'indicators', 'structure', 'strategy', 'risk', 'orders', 'reconciliation', 'brain'],
  ['ring', 'journal', 'venue', 'simulator'],
  ['processes'],
  ['supervisor'],
  ['audit', 'chaos', 'replay', 'cockpit'],
  ['cli'],
]

export const floorOf = (file: string): number => FLOORS.findIndex((rooms) => rooms.includes(file.split('/')[0] ?? ''))

/** Imports that go up a floor, as "a → b". */
export function upwardImports(graph: ModuleGraph): string[] {
  const found: string[] = []
  for (const [file, imports] of graph) {
    for (const target of imports) {
      if (floorOf(file) >= 0 && floorOf(target) > floorOf(file)) found.push(`${file} → ${target}`)
      if (/^(brain|processes\/(brain|feed|reconciler))\b/.test(file) && target.startsWith('simulator/')) found.push(`${file} → ${target}`)
    }
  }
  return found
}

/** Every group of files that import each other in a circle (strongly connected components of more than one file; Tarjan 1972). */
export function importCycles(graph: ModuleGraph): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const onStack = new Set<string>()
  const stack: string[] = []
  const cycles: string[][] = []
  const visit = (file: string): void => {
    index.set(file, index.size)
    low.set(file, index.get(file) ?? 0)
    stack.push(file)
    onStack.add(file)
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue
      if (!index.has(target)) {
        visit(target)
        low.set(file, Math.min(low.get(file) ?? 0, low.get(target) ?? 0))
      } else if (onStack.has(target)) low.set(file, Math.min(low.get(file) ?? 0, index.get(target) ?? 0))
    }
    if (low.get(file) !== index.get(file)) return
    const group: string[] = []
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      onStack.delete(member)
      group.push(member)
      if (member === file) break
    }
    if (group.length > 1 || (graph.get(file) ?? []).includes(file)) cycles.push(group.toReversed())
  }
  for (const file of graph.keys()) if (!index.has(file)) visit(file)
  return cycles
}
