/** Reports on a real disk: whatever stops one of their files, the files that were there stay as they were. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { replaceTogether, writeTogether } from './whole-files.ts'

let folder = ''
const made: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-whole-'))
  made.push(folder)
})
afterAll(() => made.forEach((one) => rmSync(one, { recursive: true, force: true })))

it('replaces what was there, answers the names, leaves nothing else, and makes the folder', async () => {
  const deep = join(folder, 'a', 'b')
  expect(await writeTogether(deep, [['one.csv', '1']])).toEqual({ ok: true, value: ['one.csv'] })
  expect(
    await writeTogether(deep, [
      ['one.csv', '2'],
      ['two.csv', '3'],
    ]),
  ).toEqual({ ok: true, value: ['one.csv', 'two.csv'] })
  expect(readdirSync(deep).toSorted()).toEqual(['one.csv', 'two.csv'])
  expect(readFileSync(join(deep, 'one.csv'), 'utf8')).toBe('2')
})

it('a directory in the way of the last file: the first is not replaced', async () => {
  writeFileSync(join(folder, 'one.csv'), 'old')
  mkdirSync(join(folder, 'two.csv'))
  expect(
    await writeTogether(folder, [
      ['one.csv', 'new'],
      ['two.csv', 'new'],
    ]),
  ).toEqual({ ok: false, error: { code: 'unwritable', message: `${join(folder, 'two.csv')} is a directory; nothing was replaced` } })
  expect(readFileSync(join(folder, 'one.csv'), 'utf8')).toBe('old')
  expect(readdirSync(folder).toSorted()).toEqual(['one.csv', 'two.csv'])
})

it('a file that cannot be written: the first is not replaced', async () => {
  writeFileSync(join(folder, 'one.csv'), 'old')
  const result = await replaceTogether(folder, [
    { name: 'one.csv', write: (path) => Promise.resolve(writeFileSync(path, 'new')) },
    { name: 'two.csv', write: () => Promise.reject(new Error('no space left')) },
  ])
  expect(result).toEqual({ ok: false, error: { code: 'unwritable', message: `${folder}: no space left` } })
  expect(readFileSync(join(folder, 'one.csv'), 'utf8')).toBe('old')
  expect(readdirSync(folder)).toEqual(['one.csv'])
})
