/**
 * One text for one value: keys sorted, no white space, `undefined` members left out. The journal's hashes are over this text,
 * so it must never depend on the order in which an object was built.
 */
import { createHash } from 'node:crypto'
import { InvariantError } from '../contract/result.ts'

/** Canonical JSON. Throws InvariantError for what JSON cannot hold exactly (NaN, ±Infinity, bigint, functions). */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
      if (!Number.isFinite(value)) throw new InvariantError(`Invariant: the journal cannot hold ${value}`)
      return JSON.stringify(value)
    case 'object': {
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? 'null' : canonicalJson(item))).join(',')}]`
      const members: string[] = []
      for (const [key, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
        if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`)
      }
      return `{${members.join(',')}}`
    }
    default:
      throw new InvariantError(`Invariant: the journal cannot hold a ${typeof value}`)
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** What a row's hash covers, besides the hash of the row before it. `data` is canonical JSON already. */
export interface HashedRow {
  readonly seq: number
  readonly time: number
  readonly kind: string
  readonly symbol: string
  readonly ref: string
  readonly process: string
  readonly session: string
  readonly build: string
  readonly data: string
}

/** Hash of the row before the first. */
export const GENESIS = '0'.repeat(64)

export const rowHash = (previous: string, row: HashedRow): string =>
  sha256(
    `${previous}\n${canonicalJson([row.seq, row.time, row.kind, row.symbol, row.ref, row.process, row.session, row.build])}\n${row.data}`,
  )
