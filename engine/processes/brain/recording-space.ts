/**
 * Room for recordings: the oldest whole sessions go until what is left fits; the one being recorded never does. Only files that a
 * recording wrote are ever removed.
 */
import { readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

export const SEGMENT_NAME = /^(\d{12})-(\d{5})\.rec$/
const SESSION_NAME = /^[\w-]{1,64}$/

export interface SessionSpace {
  readonly session: string
  readonly files: readonly string[]
  readonly bytes: number
  /** When the newest of its segments was written, ms. */
  readonly writtenAt: number
}

/** Recorded sessions, oldest first. @throws the file system's error unless the folder is only missing. */
export function sessionSpaces(root: string): readonly SessionSpace[] {
  const list: SessionSpace[] = []
  for (const entry of entriesOf(root)) {
    if (!entry.isDirectory() || !SESSION_NAME.test(entry.name)) continue
    const folder = join(root, entry.name)
    const files = readdirSync(folder)
      .filter((name) => SEGMENT_NAME.test(name))
      .toSorted()
      .map((name) => join(folder, name))
    if (files.length === 0) continue
    const stats = files.map((file) => statSync(file))
    list.push({
      session: entry.name,
      files,
      bytes: stats.reduce((sum, { size }) => sum + size, 0),
      writtenAt: Math.max(...stats.map(({ mtimeMs }) => mtimeMs)),
    })
  }
  return list.sort((a, b) => a.writtenAt - b.writtenAt || (a.session < b.session ? -1 : 1))
}

function entriesOf(root: string) {
  try {
    return readdirSync(root, { withFileTypes: true })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []
    throw thrown
  }
}

/** Removes the oldest sessions but `current` until at most `bytes` are left, or nothing more may go; answers what is left. */
export function makeRoom(root: string, current: string, bytes: number): number {
  const sessions = sessionSpaces(root)
  let left = sessions.reduce((sum, one) => sum + one.bytes, 0)
  for (const one of sessions) {
    if (left <= bytes) break
    if (one.session === current) continue
    for (const file of one.files) unlinkSync(file)
    left -= one.bytes
    if (readdirSync(join(root, one.session)).length === 0) rmdirSync(join(root, one.session))
  }
  return left
}
