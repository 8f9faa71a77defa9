/** What the trader set on this screen; kept in the browser's local storage, never a secret, never a decision of the engine. */
import * as v from 'valibot'
import { createStore, type StoreApi } from 'zustand/vanilla'

const size = (min: number, max: number, initial: number) =>
  v.fallback(v.optional(v.pipe(v.number(), v.minValue(min), v.maxValue(max)), initial), initial)

const PreferencesSchema = v.object({
  theme: v.fallback(v.optional(v.picklist(['system', 'dark', 'light']), 'system'), 'system'),
  palette: v.fallback(v.optional(v.picklist(['blue-orange', 'green-red']), 'blue-orange'), 'blue-orange'),
  holdMode: v.fallback(v.optional(v.picklist(['hold', 'twice']), 'hold'), 'hold'),
  singleKeys: v.fallback(v.optional(v.boolean(), true), true),
  /** Width of the right column and height of the lower panel, CSS px at the present window size. */
  sideWidth: size(280, 720, 372),
  lowerHeight: size(120, 560, 220),
})
export type Preferences = v.InferOutput<typeof PreferencesSchema>
export const DEFAULT_PREFERENCES: Preferences = v.parse(PreferencesSchema, {})
const KEY = 'aegis.preferences'

export interface TextStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** Anything unreadable becomes the default of that field; storage that is refused keeps the choice for this window only. */
export function readPreferences(text: string | null): Preferences {
  try {
    return v.parse(PreferencesSchema, JSON.parse(text ?? '{}'))
  } catch {
    return DEFAULT_PREFERENCES
  }
}

export function createPreferences(storage: TextStore | null): StoreApi<Preferences> {
  let stored: string | null = null
  try {
    stored = storage?.getItem(KEY) ?? null
  } catch {
    stored = null
  }
  const store = createStore<Preferences>(() => readPreferences(stored))
  store.subscribe((preferences) => {
    try {
      storage?.setItem(KEY, JSON.stringify(preferences))
    } catch {
      /* Storage full or refused: the choice lives as long as the window. */
    }
  })
  return store
}
