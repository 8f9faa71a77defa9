/** Finds a Chromium: Playwright's own download, or the system's. */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright'

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function findChromium(): string | null {
  return (
    [process.env['AEGIS_CHROMIUM'] ?? '', chromium.executablePath(), ...CANDIDATES].find((path) => path !== '' && existsSync(path)) ?? null
  )
}

export const chromiumPath = findChromium()
if (chromiumPath === null)
  process.stderr.write(
    'e2e: SKIPPED, no Chromium here: everything in a browser (apt-get install chromium, or npx playwright install chromium)\n',
  )

export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath ?? '', args: ARGS })
