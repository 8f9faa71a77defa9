/** A folder for reports, checked before the work whose result goes there begins. */
import { accessSync, constants, rmdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ok, type Result } from '../contract/result.ts'
import { makeFolder } from '../supervisor/make-folder.ts'
import { usage, type Usage } from './command.ts'

export interface OutFolder {
  readonly path: string
  /** Takes back the folders that were made for it, unless something was written there. */
  discardEmpty(): void
}

/** Made if need be; the refusal names the flag. */
export function outFolder(flag: string, given: string): Result<OutFolder, Usage> {
  const path = resolve(given)
  const refused = usage(`--${flag} ${given} cannot be created or written`)
  try {
    const made = makeFolder(path)
    if (!statSync(path).isDirectory()) return refused
    accessSync(path, constants.W_OK | constants.X_OK)
    return ok({
      path,
      discardEmpty() {
        try {
          for (const one of made.toReversed()) rmdirSync(one)
        } catch {
          /* it is in use */
        }
      },
    })
  } catch {
    return refused
  }
}
