/** Builds the product and the fixture page before the first test. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from '../../main/build.ts'
import { repositoryRoot } from './fixture-server.ts'

export default function setup(): void {
  build()
  const vite = join(repositoryRoot, 'node_modules/vite/bin/vite.js')
  const done = spawnSync(
    process.execPath,
    [vite, 'build', '--config', 'renderer/vite.config.ts', '--mode', 'fixture', '--logLevel', 'error'],
    {
      cwd: repositoryRoot,
      encoding: 'utf8',
      env: { ...process.env, NODE_ENV: 'production' },
    },
  )
  if (done.status !== 0) throw new Error(`the fixture page does not build:\n${done.stdout}${done.stderr}`)
}
