import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

test.each([
  ['nothing named', []],
  ['an unknown name', ['no-such-bench']],
  ['itself', ['main']],
  ['a path', ['../engine/ring/index']],
  ['an unknown flag', ['ring', '--fast']],
])('wrong usage is one clear line and exit 2: %s', (_, args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  expect({ status, stdout, lines: stderr.trim().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 })
  expect(stderr).toContain('ring')
})
