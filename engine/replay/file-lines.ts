/**
 * The lines of a file as bytes, streamed, gzip by its magic number and not by its name. One pass and no seeking: a pipe is read as a
 * file is. INV-11: memory is bounded by one piece of the file and one line of at most MAX_LINE_BYTES; a longer one is given as null,
 * its bytes are skipped.
 */
import { open, type FileHandle } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'

export const MAX_LINE_BYTES = 1_048_576
/** Smaller than a line may be: only one that goes over from piece to piece can be too long. */
const PIECE_BYTES = 262_144
const NEWLINE = 10
const CARRIAGE_RETURN = 13

/** Bytes of the file read so far (packed ones, where it is packed), and how many there are: null where only the end tells. */
export type OnRead = (bytes: number, size: number | null) => void

/** The file in pieces; each is good until the next one is asked for. */
async function* pieces(path: string, onRead: OnRead | undefined): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    const about = onRead === undefined ? undefined : await file.stat()
    const size = about?.isFile() === true ? about.size : null
    // One piece of memory for the whole file: a new one each time would be a year's worth of garbage.
    const memory = Buffer.allocUnsafeSlow(PIECE_BYTES)
    let read = await fill(file, memory)
    if (read >= 2 && memory[0] === 0x1f && memory[1] === 0x8b) {
      yield* unpacked(file, memory.subarray(0, read), (bytes) => onRead?.(bytes, size))
      return
    }
    for (let at = 0; read > 0; read = (await file.read(memory, 0, PIECE_BYTES, null)).bytesRead) {
      yield memory.subarray(0, read)
      at += read
      onRead?.(at, size)
    }
  } finally {
    await file.close()
  }
}

/** The first piece, of two bytes at least where the file has them: a pipe gives what its writer has written, and be it one byte. */
async function fill(file: FileHandle, memory: Buffer): Promise<number> {
  for (let length = 0; ;) {
    const { bytesRead } = await file.read(memory, length, memory.length - length, null)
    length += bytesRead
    if (bytesRead === 0 || length >= 2) return length
  }
}

async function* unpacked(file: FileHandle, first: Buffer, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  const rest = file.createReadStream({ highWaterMark: PIECE_BYTES, autoClose: false })
  const stream = createGunzip({ chunkSize: PIECE_BYTES })
  rest.once('error', (error: Error) => stream.destroy(error))
  stream.once('close', () => rest.destroy())
  stream.write(first)
  for await (const piece of rest.pipe(stream)) {
    onRead(first.length + rest.bytesRead)
    yield piece as Buffer
  }
}

/**
 * Whole lines with their newlines (the file's last one may have none), as many as a piece of the file holds, good until the next ones
 * are asked for; null stands for one line that is too long. Throws what the file system or the unpacking throws.
 */
export async function* fileBlocks(path: string, onRead?: OnRead): AsyncGenerator<Buffer | null> {
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
  for await (const bytes of pieces(path, onRead)) {
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
