/**
 * Files of a report that stand together: written under temporary names and renamed at the end, after looking for what would be in the
 * way of a rename. All of them are replaced or none is.
 */
import { lstat, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { makeFolder } from '../supervisor/make-folder.ts'

/** Fails when a directory has the name of one of the files: nothing can take its place, whatever is written. */
export async function nothingInTheWay(folder: string, names: readonly string[]): Promise<Result<null, Failure>> {
  for (const name of names) {
    const path = join(folder, name)
    const taken = await lstat(path).then(
      (about) => about.isDirectory(),
      () => false,
    )
    if (taken) return fail('unwritable', `${path} is a directory; nothing was replaced`)
  }
  return ok(null)
}

export interface WholeFile {
  readonly name: string
  /** Writes it to the path it is given; what it throws is a file that cannot be written. */
  write(path: string): Promise<void>
}

/** Writes one after the other; answers their names. */
export async function replaceTogether(folder: string, files: readonly WholeFile[]): Promise<Result<readonly string[], Failure>> {
  const names = files.map(({ name }) => name)
  const temporary = (name: string): string => join(folder, `.${name}.part`)
  try {
    makeFolder(resolve(folder))
    for (const file of files) await file.write(temporary(file.name))
    const free = await nothingInTheWay(folder, names)
    if (!free.ok) return free
    for (const name of names) await rename(temporary(name), join(folder, name))
  } catch (thrown) {
    return fail('unwritable', `${folder}: ${toPlainError(thrown).message}`)
  } finally {
    await Promise.all(names.map((name) => rm(temporary(name), { force: true }).catch(() => undefined)))
  }
  return ok(names)
}

/** The same for texts at hand. */
export const writeTogether = (
  folder: string,
  texts: readonly (readonly [name: string, text: string])[],
): Promise<Result<readonly string[], Failure>> =>
  replaceTogether(
    folder,
    texts.map(([name, text]) => ({ name, write: (path) => writeFile(path, text) })),
  )
