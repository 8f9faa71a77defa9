/**
 * The lines of a file as bytes, streamed, gzip by its magic number and not by its name. INV-11: memory is bounded by one line of
 * at most MAX_LINE_BYTES; a longer one is given as null, its bytes are skipped.
 */
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'

export const MAX_LINE_BYTES = 1_048_576
const NEWLINE = 10
const CARRIAGE_RETURN = 13

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const magic = Buffer.alloc(2)
    const { bytesRead } = await file.read(magic, 0, 2, 0)
    return bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b
  } finally {
    await file.close()
  }
}

async function openStream(path: string): Promise<Readable> {
  const packed = await isGzip(path)
  const file = createReadStream(path)
  if (!packed) return file
  const unpacked = createGunzip()
  file.once('error', (error: Error) => unpacked.destroy(error))
  unpacked.once('close', () => file.destroy())
  return file.pipe(unpacked)
}

/** Lines of one chunk each time. Throws what the file system or the unpacking throws. */
export async function* fileLines(path: string): AsyncGenerator<readonly (Buffer | null)[]> {
  const source = await openStream(path)
  let rest: Buffer[] = []
  let restBytes = 0
  let tooLong = false
  const take = (part: Buffer): Buffer | null => {
    const line = rest.length === 0 ? part : Buffer.concat([...rest, part])
    const long = tooLong || line.length > MAX_LINE_BYTES
    rest = []
    restBytes = 0
    tooLong = false
    if (long) return null
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
  }
  for await (const piece of source) {
    const chunk = piece as Buffer
    const lines: (Buffer | null)[] = []
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      lines.push(take(chunk.subarray(from, at)))
      from = at + 1
    }
    const tail = chunk.subarray(from)
    restBytes += tail.length
    if (restBytes > MAX_LINE_BYTES) {
      tooLong = true
      rest = []
    } else if (tail.length > 0) rest.push(tail)
    if (lines.length > 0) yield lines
  }
  if (restBytes > 0) yield [take(Buffer.alloc(0))]
}
