/** WCAG contrast, CIE76 distance and simulated colour-vision deficiency (Machado, Oliveira, Fernandes 2009, severity 1.0). */
import type { Hex } from './tokens.ts'

type Triple = readonly [number, number, number]
export type Vision = 'normal' | 'protan' | 'deutan' | 'tritan'

const MATRICES: Readonly<Record<Exclude<Vision, 'normal'>, readonly [Triple, Triple, Triple]>> = {
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

const channel = (hex: Hex, at: number): number => {
  const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
}
const linear = (hex: Hex): Triple => [channel(hex, 1), channel(hex, 3), channel(hex, 5)]
const dot = (row: Triple, v: Triple): number => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]
const luminance = (rgb: Triple): number => 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]

/** WCAG 2 contrast ratio, 1 to 21. */
export function contrast(a: Hex, b: Hex): number {
  const [x, y] = [luminance(linear(a)), luminance(linear(b))]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x))
function seen(hex: Hex, vision: Vision): Triple {
  const rgb = linear(hex)
  if (vision === 'normal') return rgb
  const m = MATRICES[vision]
  return [clamp(dot(m[0], rgb)), clamp(dot(m[1], rgb)), clamp(dot(m[2], rgb))]
}

const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116)
function lab(rgb: Triple): Triple {
  const x = f(dot([0.4124564, 0.3575761, 0.1804375], rgb) / 0.95047)
  const y = f(dot([0.2126729, 0.7151522, 0.072175], rgb))
  const z = f(dot([0.0193339, 0.119192, 0.9503041], rgb) / 1.08883)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

/** CIE76 ΔE between two colours as a person with `vision` sees them; about 2.3 is just noticeable. */
export function distance(a: Hex, b: Hex, vision: Vision): number {
  const [p, q] = [lab(seen(a, vision)), lab(seen(b, vision))]
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])
}
