/**
 * Every colour of the screen, in one place. Contrast and colour-vision distance are proved in tokens.test.ts:
 * text ≥ 4.5 on every ground, control borders ≥ 3, up and down apart for every kind of colour vision.
 * Colour is never the only sign: each status also has a glyph and a word, each change a sign and an arrow.
 */

export const SURFACES = ['bg-0', 'bg-1', 'bg-2'] as const
export const TEXT_TOKENS = ['fg-0', 'fg-1', 'fg-2', 'up', 'down', 'ok', 'warn', 'crit'] as const
export const FILL_TOKENS = ['mode-live', 'mode-paper', 'mode-simulated', 'kill'] as const
export type Token =
  | (typeof SURFACES)[number]
  | (typeof TEXT_TOKENS)[number]
  | (typeof FILL_TOKENS)[number]
  | 'edge'
  | 'line'
  | 'focus'
  | 'on-fill'
export type Theme = 'dark' | 'light'
export type Palette = 'blue-orange' | 'green-red'
export type Hex = `#${string}`

const FILLS = {
  'mode-live': '#a3161d',
  'mode-paper': '#2f4b9e',
  'mode-simulated': '#5b3f8f',
  kill: '#c8102e',
  'on-fill': '#ffffff',
} as const

export const THEMES: Readonly<Record<Theme, Readonly<Record<Token, Hex>>>> = {
  dark: {
    'bg-0': '#0a0d12',
    'bg-1': '#10151c',
    'bg-2': '#19212b',
    'fg-0': '#e8eef4',
    'fg-1': '#b9c5d1',
    'fg-2': '#93a2b2',
    edge: '#62748a',
    line: '#2a3644',
    up: '#58a6ff',
    down: '#ff8c3a',
    ok: '#4fd1a5',
    warn: '#fff3b0',
    crit: '#ff7b8a',
    focus: '#ffffff',
    ...FILLS,
  },
  light: {
    'bg-0': '#f4f6f8',
    'bg-1': '#ffffff',
    'bg-2': '#e9edf1',
    'fg-0': '#10161d',
    'fg-1': '#34414e',
    'fg-2': '#54636f',
    edge: '#74828f',
    line: '#ccd4dc',
    up: '#0b5fc4',
    down: '#a84b00',
    ok: '#0a6b4b',
    warn: '#7a5b00',
    crit: '#b3122b',
    focus: '#10161d',
    ...FILLS,
  },
}

/** The trader's choice for price direction; everything else keeps its colour. */
export const PALETTES: Readonly<Record<Palette, Readonly<Record<Theme, { readonly up: Hex; readonly down: Hex }>>>> = {
  'blue-orange': {
    dark: { up: THEMES.dark.up, down: THEMES.dark.down },
    light: { up: THEMES.light.up, down: THEMES.light.down },
  },
  'green-red': { dark: { up: '#2fbf9f', down: '#ff6f6c' }, light: { up: '#00695c', down: '#b71c1c' } },
}

/** All tokens of one theme and palette. */
export function tokens(theme: Theme, palette: Palette): Readonly<Record<Token, Hex>> {
  return { ...THEMES[theme], ...PALETTES[palette][theme] }
}
