/**
 * API keys at rest and on their way to the process that signs (INV-12). The page sees a fingerprint only; nothing here writes a
 * secret to a log or into an error.
 */
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import { parseCredentials, type KeyFileFailure } from '../../engine/cli/key-file.ts'
import type { Credentials } from '../../engine/contract/processes.ts'
import { fail, ok, type Failure, type Result } from '../../engine/contract/result.ts'
import type { Seal } from './seal.ts'

export type VaultFailure = KeyFileFailure | Failure<'empty' | 'unreadable' | 'other-backend' | 'no-keyring' | 'wrong-secret'>

const FileSchema = v.strictObject({ v: v.literal(1), backend: v.string(), sealed: v.pipe(v.string(), v.base64()) })

/** What may be shown of a key. */
export const fingerprint = (credentials: Credentials): string => `…${credentials.key.slice(-4)}`

export interface Vault {
  readonly holds: boolean
  save(credentials: Credentials): Promise<Result<null, VaultFailure>>
  load(): Promise<Result<Credentials, VaultFailure>>
  forget(): void
}

/** One sealed file. What another backend wrote is refused, never guessed at. */
export function openVault(path: string, seal: Seal): Vault {
  return {
    get holds() {
      return existsSync(path)
    },
    async save(credentials) {
      const sealed = await seal.seal(JSON.stringify(credentials))
      if (!sealed.ok) return sealed
      const text = JSON.stringify({ v: 1, backend: seal.backend, sealed: sealed.value.toString('base64') })
      writeFileSync(`${path}.new`, text, { mode: 0o600 })
      chmodSync(`${path}.new`, 0o600)
      renameSync(`${path}.new`, path)
      return ok(null)
    },
    async load() {
      if (!existsSync(path)) return fail('empty', 'no API keys are stored')
      let file: unknown
      try {
        file = JSON.parse(readFileSync(path, 'utf8'))
      } catch {
        return fail('unreadable', 'the vault file is damaged')
      }
      const parsed = v.safeParse(FileSchema, file)
      if (!parsed.success) return fail('unreadable', 'the vault file is damaged')
      if (parsed.output.backend !== seal.backend)
        return fail(
          'other-backend',
          `the keys were stored with ${parsed.output.backend}; this session has ${seal.backend}. Store them again.`,
        )
      const text = await seal.open(Buffer.from(parsed.output.sealed, 'base64'))
      return text.ok ? parseCredentials(text.value) : text
    },
    forget() {
      rmSync(path, { force: true })
    },
  }
}
