/** What npm may run and install: exact pins, and no install script that nobody decided about. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
}
interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly hasInstallScript?: boolean; readonly resolved?: string; readonly integrity?: string }>
  >
}
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')) as T
const manifest = read<Manifest>('package.json')
const lock = read<Lock>('package-lock.json')
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

it('pins every direct dependency to one version', () => {
  const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
  expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
})

it('decides about every install script by name, and allows none of them', () => {
  const scripted = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && entry.hasInstallScript === true)
  const undecided = scripted.map(([path]) => nameOf(path)).filter((name) => !(name in manifest.allowScripts))
  expect(undecided).toEqual([])
  expect(Object.entries(manifest.allowScripts).filter(([, allowed]) => allowed)).toEqual([])
})

it('locks every package by its hash', () => {
  const loose = Object.entries(lock.packages).filter(([path, entry]) => path.startsWith('node_modules/') && entry.integrity === undefined)
  expect(loose.map(([path]) => path)).toEqual([])
})
