import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keyringSeal, passphraseSeal, type SafeStorage, type Seal } from './seal.ts'
import { operatorFile } from '../../engine/cli/key-file.ts'
import { fingerprint, openVault } from './vault.ts'

const folder = mkdtempSync(join(tmpdir(), 'aegis-vault-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const keys = { key: 'CANARYKEYaaaaaaaaaaaaaaa1234', secret: 'CANARYSECRETbbbbbbbbbbbbbbbb' }

/** A keyring that swaps letters: enough to see which calls are made and what is refused. */
const storage = (backend: string, available = true): SafeStorage => ({
  isEncryptionAvailable: () => available,
  encryptString: (text) => Buffer.from(text).reverse(),
  decryptString: (sealed) => Buffer.from(sealed).reverse().toString(),
  getSelectedStorageBackend: () => backend,
})
const keyring = async (): Promise<Seal> => {
  const found = await keyringSeal(storage('gnome_libsecret'), 'linux')
  if (!found.ok) throw new Error(found.error.message)
  return found.value
}

describe('keyring', () => {
  it.each(['basic_text', 'unknown', ''])('%s is no keyring, whatever it claims', async (backend) => {
    expect(await keyringSeal(storage(backend), 'linux')).toMatchObject({ ok: false, error: { code: 'no-keyring' } })
  })
  it.each(['gnome_libsecret', 'kwallet', 'kwallet5', 'kwallet6'])('%s is one', async (backend) => {
    expect(await keyringSeal(storage(backend), 'linux')).toMatchObject({ ok: true, value: { backend: `keyring:${backend}` } })
  })
  it('a locked keyring is none', async () => {
    expect(await keyringSeal(storage('kwallet6', false), 'linux')).toMatchObject({ ok: false })
    expect(await keyringSeal(storage('', false), 'darwin')).toMatchObject({ ok: false })
  })
  it('prefers the asynchronous calls where they exist', async () => {
    const asynchronous: SafeStorage = {
      ...storage('kwallet6'),
      encryptString: () => {
        throw new Error('deprecated')
      },
      isAsyncEncryptionAvailable: async () => true,
      encryptStringAsync: async (text) => Buffer.from(`async ${text}`),
      decryptStringAsync: async (sealed) => ({ result: sealed.toString().slice(6) }),
    }
    const found = await keyringSeal(asynchronous, 'linux')
    const sealed = found.ok ? await found.value.seal('x') : found
    expect(sealed).toEqual({ ok: true, value: Buffer.from('async x') })
  })
})

describe('vault', () => {
  it('keeps keys for the backend that wrote them, in a private file, without their text', async () => {
    const path = join(folder, 'kept')
    const vault = openVault(path, await keyring())
    expect(await vault.load()).toMatchObject({ ok: false, error: { code: 'empty' } })
    await vault.save(keys)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).not.toMatch(/CANARY/)
    expect(await vault.load()).toEqual({ ok: true, value: keys })
    expect(await openVault(path, passphraseSeal('x')).load()).toMatchObject({ ok: false, error: { code: 'other-backend' } })
    vault.forget()
    expect([vault.holds, existsSync(path)]).toEqual([false, false])
  })
  it('a passphrase opens what it closed; another one, or one changed bit, does not', async () => {
    const path = join(folder, 'sealed')
    await openVault(path, passphraseSeal('correct horse')).save(keys)
    expect(await openVault(path, passphraseSeal('correct horse')).load()).toEqual({ ok: true, value: keys })
    expect(await openVault(path, passphraseSeal('wrong horse')).load()).toMatchObject({ ok: false, error: { code: 'wrong-secret' } })
    const file = JSON.parse(readFileSync(path, 'utf8')) as { sealed: string }
    const bytes = Buffer.from(file.sealed, 'base64')
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    writeFileSync(path, JSON.stringify({ ...file, sealed: bytes.toString('base64') }))
    expect(await openVault(path, passphraseSeal('correct horse')).load()).toMatchObject({ ok: false, error: { code: 'wrong-secret' } })
  })
  it.each(['', '{}', '{"v":2}', '{"v":1,"backend":"x","sealed":"***"}'])('a damaged file %s is said to be damaged', async (text) => {
    const path = join(folder, 'damaged')
    writeFileSync(path, text)
    expect(await openVault(path, passphraseSeal('x')).load()).toMatchObject({ ok: false, error: { code: 'unreadable' } })
  })
})

describe('operator file', () => {
  it('is taken only when nobody else can read it, and its words never reach an error', () => {
    const path = join(folder, 'operator.json')
    writeFileSync(path, JSON.stringify(keys))
    chmodSync(path, 0o644)
    expect(operatorFile(path)).toMatchObject({ ok: false, error: { code: 'not-private' } })
    chmodSync(path, 0o600)
    expect(operatorFile(path)).toEqual({ ok: true, value: keys })
    writeFileSync(path, 'CANARYSECRET')
    const bad = operatorFile(path)
    expect(bad).toMatchObject({ ok: false, error: { code: 'unreadable' } })
    expect(JSON.stringify(bad)).not.toContain('CANARY')
    expect(operatorFile(join(folder, 'absent'))).toMatchObject({ ok: false, error: { code: 'unreadable' } })
  })
  it('the fingerprint shows four characters', () => expect(fingerprint(keys)).toBe('…1234'))
})
