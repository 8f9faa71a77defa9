import { expect, it } from 'vitest'
import { ownArguments } from './arguments.ts'

it.each([
  [['electron', '--inspect=0', '--no-sandbox', '.', '--', '--tape', 'x.csv'], false, ['--tape', 'x.csv']],
  [['electron', '.'], false, []],
  [['aegis', '--no-sandbox', '--speed', '60'], true, ['--speed', '60']],
  [['aegis', '--nonsense'], true, ['--nonsense']],
] as const)('%j', (argv, packaged, own) => expect(ownArguments(argv, packaged)).toEqual(own))
