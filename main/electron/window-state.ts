/** Where the window was. Anything unreadable or off every screen becomes the default; a write that fails costs nothing but memory. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
const integer = v.pipe(v.number(), v.integer(), v.minValue(-100_000), v.maxValue(100_000))
const WindowStateSchema = v.object({
  x: v.optional(integer),
  y: v.optional(integer),
  width: integer,
  height: integer,
  maximized: v.boolean(),
})
export type WindowState = v.InferOutput<typeof WindowStateSchema>

export const MINIMUM = { width: 800, height: 500 } as const
export const DEFAULT_STATE: WindowState = { width: 1440, height: 900, maximized: false }
/** So much of the window must be on some screen, CSS px. */
const VISIBLE = 120

const overlap = (a: Box, b: Box): boolean =>
  Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) >= VISIBLE &&
  Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) >= VISIBLE

/** `screens`: work areas of the displays now attached. */
export function restoreWindow(text: string | null, screens: readonly Box[]): WindowState {
  let parsed: unknown
  try {
    parsed = JSON.parse(text ?? '')
  } catch {
    return DEFAULT_STATE
  }
  const state = v.safeParse(WindowStateSchema, parsed)
  if (!state.success) return DEFAULT_STATE
  const { x, y, maximized } = state.output
  const width = Math.max(MINIMUM.width, state.output.width)
  const height = Math.max(MINIMUM.height, state.output.height)
  if (x === undefined || y === undefined || !screens.some((screen) => overlap({ x, y, width, height }, screen)))
    return { width, height, maximized }
  return { x, y, width, height, maximized }
}

export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

export function writeWindow(path: string, state: WindowState): void {
  try {
    writeFileSync(`${path}.new`, JSON.stringify(state))
    renameSync(`${path}.new`, path)
  } catch {
    /* A read-only folder: the window opens at its default place next time. */
  }
}
