/** API keys from a private file that the operator names in AEGIS_KEY_FILE (INV-12): they serve for one session and are kept nowhere. */
import { readFileSync, statSync } from 'node:fs'
import * as v from 'valibot'
import type { Credentials } from '../contract/processes.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'

export type KeyFileFailure = Failure<'unreadable' | 'not-private'>

const KeyText = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{16,256}$/))
const CredentialsSchema = v.strictObject({ key: KeyText, secret: KeyText })

export function parseCredentials(text: string): Result<Credentials, KeyFileFailure> {
  try {
    const parsed = v.safeParse(CredentialsSchema, JSON.parse(text))
    if (parsed.success) return ok(parsed.output)
  } catch {
    /* Said below, without the text. */
  }
  return fail('unreadable', 'the key file is not {"key": "…", "secret": "…"}')
}

/** Refused unless only its owner, who is us, can read it. */
export function operatorFile(path: string): Result<Credentials, KeyFileFailure> {
  try {
    const { mode, uid } = statSync(path)
    if (process.platform !== 'win32' && ((mode & 0o077) !== 0 || uid !== process.getuid?.()))
      return fail('not-private', `the key file must belong to you and be readable by you alone (chmod 600 ${path})`)
    return parseCredentials(readFileSync(path, 'utf8'))
  } catch {
    return fail('unreadable', `the key file ${path} cannot be read`)
  }
}
