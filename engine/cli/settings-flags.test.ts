import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { settingsFrom, type SettingsValues } from './settings-flags.ts'

const folder = mkdtempSync(join(tmpdir(), 'aegis-flags-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'settings.json')
writeFileSync(file, JSON.stringify({ positionMode: 'hedge', strategy: { name: 'teacher', rsiPeriod: 7, trailAtr: 4 } }))
const refusal = (values: SettingsValues): string => {
  const parsed = settingsFrom(values)
  return parsed.ok ? '' : parsed.error.message
}

describe('--trail-atr and --position-mode', () => {
  it('are off by default', () => {
    expect(settingsFrom({})).toMatchObject({ ok: true, value: { positionMode: 'one-way', strategy: {} } })
    const parsed = settingsFrom({})
    expect(parsed.ok && parsed.value.strategy.trailAtr).toBe(undefined)
  })
  it('set what they name', () => {
    expect(settingsFrom({ 'trail-atr': '2.5', 'position-mode': 'hedge', strategy: 'teacher' })).toMatchObject({
      ok: true,
      value: { positionMode: 'hedge', strategy: { name: 'teacher', trailAtr: 2.5 } },
    })
  })
  it('override the settings file, and leave the rest of it', () => {
    expect(settingsFrom({ settings: file, 'trail-atr': '1', 'position-mode': 'one-way' })).toMatchObject({
      ok: true,
      value: { positionMode: 'one-way', strategy: { name: 'teacher', rsiPeriod: 7, trailAtr: 1 } },
    })
    expect(settingsFrom({ settings: file })).toMatchObject({ ok: true, value: { positionMode: 'hedge', strategy: { trailAtr: 4 } } })
  })
  it.each(['', '0', '0.09', '20.1', '-1', '1e1', 'wide'])('--trail-atr %j is refused by name', (text) => {
    expect(refusal({ 'trail-atr': text })).toBe('--trail-atr expects a number from 0.1 to 20')
  })
  it.each(['', 'both', 'Hedge'])('--position-mode %j is refused by name', (text) => {
    expect(refusal({ 'position-mode': text })).toBe('--position-mode expects one of one-way, hedge')
  })
})
