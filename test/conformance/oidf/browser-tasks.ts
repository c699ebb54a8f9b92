/** For tests: what the suite's own browser does with the tasks of `provider.json` (class BrowserControl there), in a real one. */
import type { Page } from 'playwright-core'

/** `["text", "name", "username", "foo", "optional"]`, `["click", "css", "button"]`, `["wait", "xpath", "//*", 10, "words", …]`. */
export type Command = readonly (string | number)[]

export interface Task {
  readonly task: string
  /** An address, `*` for any part of it. */
  readonly match: string
  readonly optional?: boolean
  readonly commands: readonly Command[]
}

const fits = (pattern: string, address: string): boolean =>
  new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`, 's').test(address)

/** Throws where the page is another than a task wants, or lacks what a command wants of it. */
export async function perform(page: Page, tasks: readonly Task[]): Promise<void> {
  for (const { task, match, optional = false, commands } of tasks) {
    if (fits(match, page.url())) for (const command of commands) await obey(page, task, command)
    else if (!optional) throw new Error(`${task}: ${page.url()} is not ${match}\n${await words(page)}`)
  }
}

const words = (page: Page): Promise<string | null> => page.locator('body').textContent()

async function obey(page: Page, task: string, command: Command): Promise<void> {
  const [act, by, value, ...rest] = command
  const found = page.locator(by === 'css' || by === 'xpath' ? `${by}=${value}` : `css=[${by}="${value}"]`).first()
  if ((await found.count()) === 0) {
    if (rest.includes('optional')) return
    throw new Error(`${task}: nothing fits ${JSON.stringify(command)}\n${await words(page)}`)
  }
  if (act === 'text') return found.fill(String(rest[0]))
  if (act === 'click') {
    const arrived = page.waitForEvent('domcontentloaded')
    await found.click()
    return void (await arrived)
  }
  const [, expected = ''] = rest
  if (act !== 'wait' || !(await page.content()).includes(String(expected)))
    throw new Error(`${task}: ${JSON.stringify(command)} failed\n${await words(page)}`)
}
