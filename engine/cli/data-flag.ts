/** `--data` of the commands that look at an existing data folder. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ok, type Result } from '../contract/result.ts'
import { usage, type Usage } from './command.ts'
import { defaultDataDir } from './settings-flags.ts'

export function existingDataDir(given: string | undefined): Result<string, Usage> {
  const path = given === undefined ? defaultDataDir() : resolve(given)
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() === true ? ok(path) : usage(`no engine has run on ${path} (say which folder with --data)`)
}
