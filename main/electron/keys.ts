/**
 * API keys in Electron: kept in the desktop's keyring, brought in from a private file through the menu, so that they never pass through
 * the page (INV-12). Where there is no keyring, a file named by AEGIS_KEY_FILE serves for the session and nothing is kept.
 */
import { dialog, safeStorage, type BrowserWindow } from 'electron'
import { join } from 'node:path'
import { operatorFile } from '../../engine/cli/key-file.ts'
import { keyringSeal } from '../vault/seal.ts'
import { fingerprint, openVault, type Vault } from '../vault/vault.ts'

export interface Keys {
  /** True when this session can get at keys. */
  readonly present: boolean
  importFromFile(window: BrowserWindow): Promise<void>
  forget(window: BrowserWindow): Promise<void>
}

/** Call once the app is ready. `warn` gets one line when the operator's file is refused. */
export async function openKeys(dataDir: string, keyFile: string | undefined, warn: (line: string) => void): Promise<Keys> {
  const seal = await keyringSeal(safeStorage, process.platform)
  const vault: Vault | null = seal.ok ? openVault(join(dataDir, 'keys.sealed'), seal.value) : null
  const session = keyFile === undefined || keyFile === '' ? null : operatorFile(keyFile)
  if (session !== null && !session.ok) warn(session.error.message)
  const stored = vault?.holds === true && (await vault.load()).ok
  let present = stored || session?.ok === true
  const tell = (window: BrowserWindow, message: string, detail: string): Promise<unknown> =>
    dialog.showMessageBox(window, { message, detail })
  return {
    get present() {
      return present
    },
    async importFromFile(window) {
      if (vault === null) {
        await tell(
          window,
          'API keys cannot be kept here',
          `${seal.ok ? '' : seal.error.message}. Name a private file in AEGIS_KEY_FILE instead: it serves for one session.`,
        )
        return
      }
      const chosen = await dialog.showOpenDialog(window, {
        title: 'File with {"key": "…", "secret": "…"}, readable by you alone',
        properties: ['openFile'],
      })
      const [path] = chosen.filePaths
      if (path === undefined) return
      const read = operatorFile(path)
      const saved = read.ok ? await vault.save(read.value) : read
      if (!read.ok || !saved.ok) {
        await tell(window, 'API keys were not stored', read.ok ? (saved.ok ? '' : saved.error.message) : read.error.message)
        return
      }
      present = true
      await tell(window, `API key ${fingerprint(read.value)} is in the keyring`, `Delete ${path} now.`)
    },
    async forget(window) {
      vault?.forget()
      present = session?.ok === true
      await tell(window, 'Stored API keys are forgotten', 'Revoke them at the venue too if they may be known to others.')
    },
  }
}
