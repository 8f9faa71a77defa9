/**
 * How far a long command is, on stderr: a bar that redraws itself on a terminal, otherwise a plain line every few seconds. The clock
 * is an argument.
 */
import type { Io } from './command.ts'

export interface Progress {
  note(done: number, total: number): void
  /** Leaves the terminal on a fresh line. */
  end(): void
}

const BAR_CELLS = 30
const REDRAW_MS = 100
const LINE_MS = 5_000

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return seconds < 3_600
    ? `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 3_600)} h ${two(Math.floor((seconds % 3_600) / 60))} min`
}

/**
 * @param plain lines even on a terminal (somebody reads the output by machine).
 * @param unit what is counted; a part of one moves the bar and the percentage only.
 */
export function showProgress(io: Io, plain: boolean, now: () => number, unit = 'runs'): Progress {
  const { terminal } = io
  const bar = terminal !== undefined && !plain
  const startedAt = now()
  let shownAt = startedAt
  let drawn = false
  const words = (done: number, total: number): string => {
    const elapsed = now() - startedAt
    const rest = done === 0 || done === total ? '' : `, ${clock((elapsed / done) * (total - done))} left`
    return `${Math.floor(done)} of ${total} ${unit} (${Math.floor((done / total) * 100)} %)${rest}`
  }
  return {
    note(done, total) {
      const at = now()
      if (bar) {
        if (done < total && drawn && at - shownAt < REDRAW_MS) return
        const cells = Math.round((done / total) * BAR_CELLS)
        terminal.write(`\r\u001B[K[${'#'.repeat(cells)}${'·'.repeat(BAR_CELLS - cells)}] ${words(done, total)}`)
        drawn = true
      } else {
        if (done < total && at - shownAt < LINE_MS) return
        io.err(words(done, total))
      }
      shownAt = at
    },
    end() {
      if (drawn) terminal?.write('\n')
      drawn = false
    },
  }
}
