/**
 * The engine's parts as the checks reach them. Checks never import these modules directly: they go through here, so that a
 * sabotage can put a named defect in the place of one part and the check must notice (INV-15).
 */
import { rebuild } from '../brain/rebuild.ts'
import { reduce } from '../brain/reducer.ts'
import { createBrain } from '../brain/state.ts'
import { reduceTicks } from '../brain/ticks.ts'
import { openJournal } from '../journal/journal.ts'
import { BarSeries } from '../market/bar-series.ts'
import { FrameReader } from '../market/frame-reader.ts'
import { createLedger, type Ledger, type WalletChange } from '../money/ledger.ts'
import { affordableQuantity, quantisePrice, quantiseQuantity, quantiseTrigger, sliceQuantity } from '../money/quantise.ts'
import { validateOrder } from '../money/validate.ts'
import { transition } from '../orders/transition.ts'
import { createProducer, createReader } from '../ring/index.ts'
import { startSimulator } from '../simulator/server.ts'
import { signatureMatches } from '../simulator/protocol/signature.ts'
import { StructureStream } from '../structure/stream.ts'
import { startEngine } from '../supervisor/engine.ts'
import { nodeSpawner } from '../supervisor/node-spawner.ts'
import type { Spawner } from '../supervisor/spawner.ts'
import { createVenue } from '../venue/index.ts'
import { RateBudget } from '../venue/rate-budget.ts'
import { readModuleGraph } from './module-graph.ts'

export interface Seams {
  readonly createLedger: typeof createLedger
  /** One change of the wallet as the brain makes it: synchronous inside. */
  readonly changeWallet: (ledger: Ledger, change: WalletChange) => Promise<void>
  readonly openJournal: typeof openJournal
  readonly quantisePrice: typeof quantisePrice
  readonly quantiseTrigger: typeof quantiseTrigger
  readonly quantiseQuantity: typeof quantiseQuantity
  readonly affordableQuantity: typeof affordableQuantity
  readonly sliceQuantity: typeof sliceQuantity
  readonly validateOrder: typeof validateOrder
  readonly transition: typeof transition
  readonly createBrain: typeof createBrain
  readonly reduce: typeof reduce
  readonly reduceTicks: typeof reduceTicks
  readonly rebuild: typeof rebuild
  readonly createProducer: typeof createProducer
  readonly createReader: typeof createReader
  readonly startSimulator: typeof startSimulator
  readonly FrameReader: typeof FrameReader
  readonly BarSeries: typeof BarSeries
  readonly StructureStream: typeof StructureStream
  readonly createVenue: typeof createVenue
  readonly RateBudget: typeof RateBudget
  readonly signatureMatches: typeof signatureMatches
  readonly startEngine: typeof startEngine
  /** How a twin's processes are started: the host's own way. */
  readonly spawner: () => Spawner
  readonly moduleGraph: typeof readModuleGraph
}

/** The engine as it is. */
export const realSeams = (spawner: () => Spawner = () => nodeSpawner()): Seams => ({
  createLedger,
  changeWallet: (ledger, change) => {
    ledger.applyChange(change)
    return Promise.resolve()
  },
  openJournal,
  quantisePrice,
  quantiseTrigger,
  quantiseQuantity,
  affordableQuantity,
  sliceQuantity,
  validateOrder,
  transition,
  createBrain,
  reduce,
  reduceTicks,
  rebuild,
  createProducer,
  createReader,
  startSimulator,
  FrameReader,
  BarSeries,
  StructureStream,
  createVenue,
  RateBudget,
  signatureMatches,
  startEngine,
  spawner,
  moduleGraph: readModuleGraph,
})
