/**
 * Expected failure is a Result with a code; a bug is an InvariantError, which only the supervisor catches.
 * Errors cross processes as `PlainError`, never as class instances.
 */

export interface Failure<Code extends string = string> {
  readonly code: Code
  /** One plain sentence a trader can act on. */
  readonly message: string
  /** Facts for the log; never secrets (INV-12). */
  readonly detail?: Readonly<Record<string, unknown>>
}

export type Result<T, F extends Failure = Failure> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: F }

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value })

export const fail = <Code extends string>(
  code: Code,
  message: string,
  detail?: Readonly<Record<string, unknown>>,
): { readonly ok: false; readonly error: Failure<Code> } => ({
  ok: false,
  error: detail === undefined ? { code, message } : { code, message, detail },
})

/** Our own bug. Never thrown for input from outside. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws InvariantError ("Invariant: …") unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`Invariant: ${message}`)
}

/** Default branch of a total function: a new variant breaks the build, and at run time names itself. */
export function unreachable(value: never): never {
  throw new InvariantError(`Invariant: unhandled variant ${JSON.stringify(value)}`)
}

export interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: PlainError
}

/** Any thrown value as cloneable data; cannot throw. */
export function toPlainError(thrown: unknown, depth = 0): PlainError {
  if (!(thrown instanceof Error)) return { name: 'NonError', message: String(thrown) }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  return {
    name: thrown.name,
    message: thrown.message,
    ...(code === undefined ? {} : { code }),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined || depth > 3 ? {} : { cause: toPlainError(thrown.cause, depth + 1) }),
  }
}
