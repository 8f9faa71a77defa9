/** A folder made level by level: where one can never be made (/proc), mkdir's own recursion tries for ever. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Answers the levels that were not there before, outermost first. @throws the file system's error. */
export function makeFolder(path: string, mode?: number): readonly string[] {
  if (existsSync(path)) return []
  const made = makeFolder(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
  } catch (thrown) {
    // Another start may have made it in between.
    if (existsSync(path)) return made
    throw thrown
  }
  return [...made, path]
}
