/** The excerpt of real prices that ships with the app: 2021-02-22, with the flash crash of 14:06 UTC (see SOURCE.txt beside it). */
import { fileURLToPath } from 'node:url'
import type { Result } from '../../contract/result.ts'
import type { TapeBar } from '../exchange.ts'
import { readKlinesCsv, type TapeError } from './klines-csv.ts'

/** Spot prices of BTCUSDT, used as futures prices. */
export const demoBars = (): Result<readonly TapeBar[], TapeError> =>
  readKlinesCsv(fileURLToPath(new URL('./demo-btcusdt-1m.csv.gz', import.meta.url)))
