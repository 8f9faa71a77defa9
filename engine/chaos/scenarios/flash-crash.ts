/** −99 % in seconds, then +500 %, on a twin that holds a position: money stays exact, rails fire, no order leaves the venue's band. */
import { ok } from '../../contract/result.ts'
import { defineScenario, judged, withDefect } from '../scenario.ts'
import { startTwin } from '../twin.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const flashCrash = defineScenario({
  id: 'flash-crash',
  title: 'Flash crash',
  survived: 'ledger equal to the venue to the last digit through −99 % and +500 %, rails block entries, no order outside PERCENT_PRICE',
  run: async (stage) => {
    const twin = await startTwin(stage, { speed: 240, tape: { kind: 'demo' } })
    const holding = await twin.until(() => (twin.last('account')?.view.positions.length ?? 0) > 0, 60_000)
    if (!holding) return { verdict: 'FAILED', reason: 'the twin took no position within 60 s, so nothing was at stake', figures: {} }
    const before = await twin.engine.simulator.account()
    const jump = async (fraction: string): Promise<void> => {
      const planned = await twin.engine.simulator.fault({
        on: 'time',
        effect: { do: 'market', fault: { kind: 'jump', symbol: 'BTCUSDT', fraction } },
      })
      if (!planned.ok) throw new Error(planned.error.message)
    }
    // Ten steps of −37 % are −99 %; then up to six times the low.
    for (let i = 0; i < 10; i++) {
      await jump('-0.37')
      await pause(200)
    }
    await pause(1_500)
    const low = await twin.engine.simulator.account()
    const blockedAtLow = (twin.last('risk')?.view.blocks.length ?? 0) > 0 || twin.engine.tradingState !== 'active'
    await jump('5')
    await pause(stage.size === 'full' ? 5_000 : 1_500)
    await twin.settle()
    const problems = await twin.differences()
    const after = await twin.engine.simulator.account()
    const counters = twin.last('counters')?.counters
    const outside = twin.complaints.filter((text) => /-4016|-4024|-4131/.test(text))
    const lost = before.ok && low.ok ? Number(before.value.equity) - Number(low.value.equity) : 0
    if (lost > 500 && !blockedAtLow) problems.push(`a loss of ${lost.toFixed(2)} USDT raised no rail`)
    if (outside.length > 0) problems.push(`an order left the venue's price band: ${outside[0]}`)
    const figures = {
      equityBefore: before.ok ? before.value.equity : '',
      equityAtLow: low.ok ? low.value.equity : '',
      equityAfter: after.ok ? after.value.equity : '',
      railsBlocked: blockedAtLow,
      tradingState: twin.engine.tradingState,
      rejects: counters?.rejects ?? 0,
      outsideBand: outside.length,
    }
    const reason = `equity ${figures.equityBefore} → ${figures.equityAtLow} → ${figures.equityAfter}, ledger equal to the venue`
    return judged(figures, { problems, reason })
  },
  sabotages: [
    {
      name: 'the book the judge reads is a cent off',
      seams: (real) =>
        withDefect(real, (engine) => ({
          book: async () => {
            const read = await engine.book()
            if (!read.ok) return read
            const wallet = `${read.value.wallet.split('.')[0] ?? '0'}.0101010101` as typeof read.value.wallet
            return ok({ ...read.value, wallet })
          },
        })),
    },
  ],
})
