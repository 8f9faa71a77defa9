/** axe over the whole page with the rules of WCAG 2.0 to 2.2 A and AA and best practice. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright'
import { expect } from 'vitest'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/**
 * Zero violations. Contrast that axe cannot judge is allowed only where it is proved elsewhere: text over the hatch (tokens.test.ts
 * proves every text token on every ground; the hatch has the colour of an edge) and text that scrolling has cut off.
 */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  // One frame only, so axe needs no second page for its work: Electron could not open one.
  const result = await new AxeBuilder({ page }).setLegacyMode().withTags(TAGS).analyze()
  const lines = result.violations.flatMap((v) =>
    v.nodes.map((node) => `${where}: ${v.id}: ${node.html.slice(0, 140)} ${node.failureSummary?.split('\n')[1] ?? ''}`),
  )
  expect(lines).toEqual([])
  const open = result.incomplete
    .filter((rule) => rule.id !== 'color-contrast')
    .map((rule) => `${where}: undecided ${rule.id}: ${rule.nodes[0]?.html.slice(0, 140)}`)
  expect(open).toEqual([])
}
