/**
 * The version of the code that runs, for journal and certificate: the package's version and a hash over the engine's own files
 * (tests excluded), so that an edited engine is another version whatever the package says.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

let known: { readonly version: string; readonly build: string } | null = null

const packageVersion = (): string => {
  /* package.json of the sources, or of the packed application, two or three folders up */
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string') return parsed.version
    } catch {
      continue
    }
  }
  return '0.0.0'
}

export function codeVersion(): { readonly version: string; readonly build: string } {
  if (known !== null) return known
  const root = fileURLToPath(new URL('../', import.meta.url))
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|js|c)$/.test(entry.name) && !/\.test\.[tj]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[/\\](?:fixtures|build)[/\\]/.test(file))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(file.slice(root.length).replaceAll('\\', '/'))
    hash.update(readFileSync(file))
  }
  const version = packageVersion()
  known = { version, build: `${version}+${hash.digest('hex').slice(0, 12)}` }
  return known
}
