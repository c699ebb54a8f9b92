/** For tests: a page that a flow has come to, held to WCAG 2.2 AA by axe-core and kept as a picture. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** All that axe knows, experimental rules too, but those of level AAA and of standards that were withdrawn. */
const WITHOUT = ['wcag2aaa', 'wcag2a-obsolete']

/** What axe objects to in the page as it stands: each rule with the markup that breaks it. */
export async function breachesOf(page: Page): Promise<string[]> {
  const results = await page.evaluate<AxeResults>(
    `${AXE};
    const rules = axe.getRules().filter(({ tags }) => !tags.some((tag) => ${JSON.stringify(WITHOUT)}.includes(tag)))
    axe.run(document, { runOnly: { type: 'rule', values: rules.map((rule) => rule.ruleId) }, resultTypes: ['violations'] })`,
  )
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** The page, of a browser with JavaScript, has nothing that axe objects to. It is kept for people to look at, outside git: test-results/screens/flow-`name`.png. */
export async function lookAt(page: Page, name: string): Promise<void> {
  // Colours on their way from one to another have any contrast.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.screenshot({ path: resolve('test-results/screens', `flow-${name}.png`), fullPage: true })
  expect(await breachesOf(page), name).toEqual([])
}
