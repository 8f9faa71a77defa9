/**
 * JSON whose numbers lose nothing (INV-01): a number that a double cannot hold exactly (an order id beyond 2^53, a long
 * fraction) comes back as its own text; every other value is what JSON.parse gives.
 *
 * `JSON.parse(text, reviver)` with source access would do the same but is missing from Electron's Node 20, and its reviver
 * visits every value; here ordinary payloads cost one regular-expression scan.
 */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'

/** Only a number of at least 16 digits can be inexact, so most payloads stop here. */
const LONG_NUMBER = /\d{16}|\d\.\d{15}|\d[eE][+-]?\d/
/** Strings are matched whole, so that digits inside them are left alone. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** True when reading `token` as a double and printing it gives the same number. */
const isExact = (token: string): boolean => {
  if (token.length < 16) return true
  const value = Number(token)
  if (Number.isSafeInteger(value)) return String(value) === token
  return Number.isFinite(value) && !Number.isInteger(value) && String(value) === token
}

const quoteInexact = (token: string): string => (token.startsWith('"') || isExact(token) ? token : `"${token}"`)

/** Parses a payload. Fails with 'malformed' on anything that is not one JSON document; never throws. */
export function parseLossless(text: string): Result<unknown, Failure<'malformed'>> {
  try {
    return ok(JSON.parse(LONG_NUMBER.test(text) ? text.replace(TOKENS, quoteInexact) : text))
  } catch (thrown) {
    return fail('malformed', thrown instanceof Error ? thrown.message : 'not JSON')
  }
}
