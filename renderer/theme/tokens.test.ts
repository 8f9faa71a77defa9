import { describe, expect, it } from 'vitest'
import { contrast, distance, type Vision } from './color-science.ts'
import { FILL_TOKENS, PALETTES, SURFACES, TEXT_TOKENS, tokens, type Palette, type Theme } from './tokens.ts'

const themes: readonly Theme[] = ['dark', 'light']
const palettes: readonly Palette[] = ['blue-orange', 'green-red']
const visions: readonly Vision[] = ['normal', 'protan', 'deutan', 'tritan']
const lowest = (theme: Theme, palette: Palette, name: (typeof TEXT_TOKENS)[number] | 'edge' | 'focus'): number => {
  const all = tokens(theme, palette)
  return Math.min(...SURFACES.map((ground) => contrast(all[name], all[ground])))
}

describe.each(themes)('%s theme', (theme) => {
  describe.each(palettes)('%s', (palette) => {
    it.each(TEXT_TOKENS)('%s is readable text on every ground (1.4.3)', (name) => {
      expect(lowest(theme, palette, name)).toBeGreaterThanOrEqual(4.5)
    })
    it.each(['edge', 'focus'] as const)('%s stands out from every ground (1.4.11)', (name) => {
      expect(lowest(theme, palette, name)).toBeGreaterThanOrEqual(3)
    })
    it('white words on filled controls are readable', () => {
      const all = tokens(theme, palette)
      for (const name of FILL_TOKENS) expect(contrast(all['on-fill'], all[name]), name).toBeGreaterThanOrEqual(4.5)
    })
  })
  it('up and down stay far apart in the default palette for every kind of colour vision', () => {
    const { up, down } = PALETTES['blue-orange'][theme]
    for (const vision of visions) expect(distance(up, down, vision), vision).toBeGreaterThanOrEqual(60)
  })
})

it('the measure itself can fail: the usual teal and red collapse for protanopia', () => {
  expect(distance('#26a69a', '#ef5350', 'normal')).toBeGreaterThan(90)
  expect(distance('#26a69a', '#ef5350', 'protan')).toBeLessThan(40)
})
it('contrast agrees with known values', () => {
  expect(contrast('#ffffff', '#000000')).toBeCloseTo(21, 5)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})
