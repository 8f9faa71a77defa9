/**
 * Ways to keep a secret on this machine, best first (style B.4): the desktop's keyring, or a passphrase. Never silently plaintext:
 * Chromium's `basic_text` (a password everybody knows) and `unknown` count as no keyring, even where encryption is said to work.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import { fail, ok, type Failure, type Result } from '../../engine/contract/result.ts'

export type SealFailure = Failure<'no-keyring' | 'wrong-secret'>

export interface Seal {
  /** Written beside the secret: what one backend wrote, another never reads. */
  readonly backend: string
  seal(text: string): Promise<Result<Buffer, SealFailure>>
  open(sealed: Buffer): Promise<Result<string, SealFailure>>
}

/** The part of Electron's safeStorage that is used; the asynchronous calls exist from Electron 45 on. */
export interface SafeStorage {
  isEncryptionAvailable(): boolean
  encryptString(text: string): Buffer
  decryptString(sealed: Buffer): string
  getSelectedStorageBackend?(): string
  isAsyncEncryptionAvailable?(): Promise<boolean>
  encryptStringAsync?(text: string): Promise<Buffer>
  decryptStringAsync?(sealed: Buffer): Promise<{ readonly result: string }>
}

const LINUX_KEYRINGS: ReadonlySet<string> = new Set(['gnome_libsecret', 'kwallet', 'kwallet5', 'kwallet6'])

/** The desktop's keyring, or why there is none. Call once the app is ready. */
export async function keyringSeal(storage: SafeStorage, platform: string): Promise<Result<Seal, SealFailure>> {
  const backend = platform === 'linux' ? (storage.getSelectedStorageBackend?.() ?? 'unknown') : platform
  if (platform === 'linux' && !LINUX_KEYRINGS.has(backend))
    return fail('no-keyring', `this desktop has no keyring that keeps secrets (${backend})`)
  const available =
    storage.isAsyncEncryptionAvailable === undefined ? storage.isEncryptionAvailable() : await storage.isAsyncEncryptionAvailable()
  if (!available) return fail('no-keyring', 'the keyring of this desktop is locked or missing')
  return ok({
    backend: `keyring:${backend}`,
    async seal(text) {
      try {
        return ok(storage.encryptStringAsync === undefined ? storage.encryptString(text) : await storage.encryptStringAsync(text))
      } catch {
        return fail('no-keyring', 'the keyring did not take the secret')
      }
    },
    async open(sealed) {
      try {
        return ok(
          storage.decryptStringAsync === undefined ? storage.decryptString(sealed) : (await storage.decryptStringAsync(sealed)).result,
        )
      } catch {
        return fail('wrong-secret', 'the keyring cannot read what is stored (another user, or another keyring)')
      }
    },
  })
}

const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const SALT = 16
const NONCE = 12
const TAG = 16

/** scrypt + AES-256-GCM: salt, nonce and tag stand before the text. */
export const passphraseSeal = (passphrase: string): Seal => ({
  backend: 'passphrase:scrypt-aes256gcm',
  async seal(text) {
    const [salt, nonce] = [randomBytes(SALT), randomBytes(NONCE)]
    const cipher = createCipheriv('aes-256-gcm', scryptSync(passphrase, salt, 32, SCRYPT), nonce)
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return ok(Buffer.concat([salt, nonce, cipher.getAuthTag(), body]))
  },
  async open(sealed) {
    try {
      const [salt, nonce, tag, body] = [
        sealed.subarray(0, SALT),
        sealed.subarray(SALT, SALT + NONCE),
        sealed.subarray(SALT + NONCE, SALT + NONCE + TAG),
        sealed.subarray(SALT + NONCE + TAG),
      ]
      const decipher = createDecipheriv('aes-256-gcm', scryptSync(passphrase, salt, 32, SCRYPT), nonce)
      decipher.setAuthTag(tag)
      return ok(Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8'))
    } catch {
      return fail('wrong-secret', 'wrong passphrase, or the file was changed')
    }
  },
})
