/**
 * The lines of a file as bytes, streamed, gzip by its magic number and not by its name. INV-11: memory is bounded by one piece of the
 * file and one line of at most MAX_LINE_BYTES; a longer one is given as null, its bytes are skipped.
 */
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { createReadStream } from 'node:fs'

export const MAX_LINE_BYTES = 1_048_576
/** Smaller than a line may be: only one that goes over from piece to piece can be too long. */
const PIECE_BYTES = 262_144
const NEWLINE = 10
const CARRIAGE_RETURN = 13

/** The file in pieces; each is good until the next one is asked for. */
async function* pieces(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    // One piece of memory for the whole file: a new one each time would be a year's worth of garbage.
    const memory = Buffer.allocUnsafeSlow(PIECE_BYTES)
    let { bytesRead } = await file.read(memory, 0, PIECE_BYTES, 0)
    if (bytesRead >= 2 && memory[0] === 0x1f && memory[1] === 0x8b) {
      yield* unpacked(path)
      return
    }
    for (let at = 0; bytesRead > 0; { bytesRead } = await file.read(memory, 0, PIECE_BYTES, at)) {
      yield memory.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}

async function* unpacked(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES })
  const stream = createGunzip({ chunkSize: PIECE_BYTES })
  file.once('error', (error: Error) => stream.destroy(error))
  stream.once('close', () => file.destroy())
  for await (const piece of file.pipe(stream)) yield piece as Buffer
}

/**
 * Whole lines with their newlines (the file's last one may have none), as many as a piece of the file holds, good until the next ones
 * are asked for; null stands for one line that is too long. Throws what the file system or the unpacking throws.
 */
export async function* fileBlocks(path: string): AsyncGenerator<Buffer | null> {
  let rest: Buffer[] = []
  let restBytes = 0
  let tooLong = false
  const hold = (part: Buffer): void => {
    restBytes += part.length
    if (restBytes > MAX_LINE_BYTES) {
      tooLong = true
      rest = []
    } else if (part.length > 0) rest.push(Buffer.from(part))
  }
  for await (const bytes of pieces(path)) {
    let from = 0
    if (restBytes > 0) {
      const end = bytes.indexOf(NEWLINE)
      if (end === -1) {
        hold(bytes)
        continue
      }
      hold(bytes.subarray(0, end))
      yield tooLong ? null : Buffer.concat([...rest, bytes.subarray(end, end + 1)])
      rest = []
      restBytes = 0
      tooLong = false
      from = end + 1
    }
    const last = bytes.lastIndexOf(NEWLINE)
    if (last >= from) yield bytes.subarray(from, last + 1)
    hold(bytes.subarray(Math.max(from, last + 1)))
  }
  if (restBytes > 0) yield tooLong ? null : Buffer.concat(rest)
}

/** Lines of a block, without their ends. */
export function linesOf(block: Buffer | null): readonly (Buffer | null)[] {
  if (block === null) return [null]
  const lines: Buffer[] = []
  for (let from = 0; from < block.length;) {
    const newline = block.indexOf(NEWLINE, from)
    const end = newline === -1 ? block.length : newline
    lines.push(lineAt(block, from, end))
    from = end + 1
  }
  return lines
}

/** One line that ends before `end`, where its newline stands or the block ends. */
export const lineAt = (block: Buffer, from: number, end: number): Buffer =>
  block.subarray(from, end > from && block[end - 1] === CARRIAGE_RETURN ? end - 1 : end)

/** Lines of one block each time, good until the next ones are asked for. Throws what the file system or the unpacking throws. */
export async function* fileLines(path: string): AsyncGenerator<readonly (Buffer | null)[]> {
  for await (const block of fileBlocks(path)) yield linesOf(block)
}
