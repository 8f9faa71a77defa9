/**
 * A hash chain proves that no row inside it was changed; it cannot prove that its end is still there. The anchor file beside
 * the journal holds the last row each process committed, one fixed slot per process, written without fsync right after the
 * commit: it survives any kill, and tells a file that lost its tail from one that never had it.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import * as v from 'valibot'

const SLOT_BYTES = 128
const WRITERS = ['host', 'feed', 'brain', 'reconciler', 'simulator', 'cli', 'replay', 'other']

export interface Head {
  readonly seq: number
  readonly hash: string
}

export interface Anchor {
  /** The furthest row any process is known to have committed; null when none. */
  read(): Head | null
  write(head: Head): void
  /** Every slot says `head`: after a loss was recorded, the file's real end is the truth again. */
  reset(head: Head): void
  close(): void
}

const SlotSchema = v.strictObject({
  seq: v.pipe(v.number(), v.integer(), v.minValue(0)),
  hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

function parseSlot(text: string): Head | null {
  const line = text.replace(/[\0\s]+$/, '')
  if (line === '') return null
  try {
    const parsed = v.safeParse(SlotSchema, JSON.parse(line))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}

/** Throws the file system's error when the file cannot be opened. */
export function openAnchor(path: string, process: string): Anchor {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  const known = WRITERS.indexOf(process)
  const slot = known === -1 ? WRITERS.length - 1 : known
  const buffer = Buffer.alloc(SLOT_BYTES)
  const put = (at: number, head: Head): void => {
    buffer.fill(0x20)
    buffer.write(JSON.stringify({ seq: head.seq, hash: head.hash }), 'latin1')
    writeSync(file, buffer, 0, SLOT_BYTES, at * SLOT_BYTES)
  }
  return {
    read() {
      const all = Buffer.alloc(SLOT_BYTES * WRITERS.length)
      const bytes = readSync(file, all, 0, all.length, 0)
      let best: Head | null = null
      for (let at = 0; at + SLOT_BYTES <= bytes; at += SLOT_BYTES) {
        const head = parseSlot(all.toString('latin1', at, at + SLOT_BYTES))
        if (head !== null && (best === null || head.seq > best.seq)) best = head
      }
      return best
    },
    write(head) {
      put(slot, head)
    },
    reset(head) {
      for (let at = 0; at < WRITERS.length; at++) put(at, head)
    },
    close() {
      closeSync(file)
    },
  }
}
