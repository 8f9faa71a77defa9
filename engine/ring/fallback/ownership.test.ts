import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquire, birthOf, isHeld, release } from './ownership.ts'

let folder = ''
let lock = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ring-lock-'))
  lock = join(folder, 'lock')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('one owner at a time, and release frees the place', () => {
  expect([acquire(lock), acquire(lock), isHeld(lock)]).toEqual([true, false, true])
  release(lock)
  expect([isHeld(lock), acquire(lock)]).toEqual([false, true])
})

test('a dead owner, half-written nonsense and a recycled pid do not hold a place', () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  for (const text of [`${pid}\n\n`, '', 'nonsense', '-1\n', `${process.pid}\nnot when we were born\n`]) {
    writeFileSync(lock, text)
    expect([text, isHeld(lock), acquire(lock), isHeld(lock)]).toEqual([text, false, true, true])
    release(lock)
  }
})

test('nothing is left lying about', () => {
  acquire(lock)
  acquire(lock)
  expect(readdirSync(folder)).toEqual(['lock'])
  release(lock)
  expect(readdirSync(folder)).toEqual([])
})

test('births tell processes apart', () => {
  expect(birthOf(process.pid)).toBe(birthOf(process.pid))
  expect(birthOf(2 ** 22 + 1)).toBeNull()
})
