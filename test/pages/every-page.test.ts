/** What holds of every page, whoever wrote it: WCAG 2.2 AA by axe-core in Chromium, and what its markup and headers may be. */
import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { AxeResults } from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LANGUAGES } from '../../web/language.ts'
import { type Chromium, openChromium } from '../servers/chromium.ts'
import { accountName } from './ada.ts'
import { GALLERY } from './gallery.ts'
import { EXHIBITS, type Exhibit, openShow, pathOf, type Show, shown } from './show.ts'
import { expectSoundPage } from './sound-page.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** All that axe knows, experimental rules too, but those of level AAA and of standards that were withdrawn. */
const WITHOUT = ['wcag2aaa', 'wcag2a-obsolete']
const PHONE = { width: 390, height: 844 }
const DESKTOP = { width: 1280, height: 800 }
/** What a desktop of 1280 px shows at 400 % (WCAG 1.4.10). */
const NARROWEST = { width: 320, height: 640 }

/** As long as the name of a mailbox can be (RFC 5321 4.5.3.1.1), without a place where a line breaks by itself. */
const LONG_NAME = `${'augustaadakingcountessoflovelace'.repeat(2)}@${'analyticalengine'.repeat(3)}.example`

const IN_TEXT = `(each) => {
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) each(node)
}`
/** Words that stand on two lines, where browsers break them. */
const BROKEN_WORDS = `(() => {
  const broken = [];
  (${IN_TEXT})((node) => {
    for (const { index } of node.data.matchAll(/e-mail/gi)) {
      const range = document.createRange()
      range.setStart(node, index)
      range.setEnd(node, index + 'e-mail'.length)
      if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) broken.push(node.data)
    }
  })
  return broken
})()`
const WITH_LONG_NAMES = `(() => {
  (${IN_TEXT})((node) => { node.data = node.data.replaceAll('${accountName}', '${LONG_NAME}') })
  return document.documentElement.scrollWidth
})()`

/** A page and its style are the same for all widths and colours but for what these change: a share looks at two of four. */
const inWhole = Number(process.env.SCALE ?? '1') >= 1
function viewsOf(at: number) {
  const views = [PHONE, DESKTOP].flatMap((viewport, wide) =>
    (['light', 'dark'] as const).map((colorScheme, dark) => ({
      viewport,
      colorScheme,
      isOne: (wide + dark + at) % 2 === 0,
    })),
  )
  return inWhole ? views : views.filter(({ isOne }) => isOne)
}

let show: Show
let browser: Chromium

beforeAll(async () => {
  ;[show, browser] = await Promise.all([openShow(), openChromium({ viewport: PHONE })])
})
afterAll(async () => {
  await browser.close()
  await show.close()
})

test('every page of web/ is in the gallery, and so in the tests below', async () => {
  const files = globSync('**/*.ts', { cwd: resolve('web'), exclude: ['**/*.test.ts'] })
  const found = await Promise.all(
    files.map(async (file) => {
      const module: Readonly<Record<string, unknown>> = await import(resolve('web', file))
      return Object.keys(module).filter((name) => name.endsWith('Page') && typeof module[name] === 'function')
    }),
  )
  expect(Object.keys(GALLERY).sort()).toEqual(found.flat().sort())
})

async function breaches(): Promise<string[]> {
  const { page } = browser
  const results = await page.evaluate<AxeResults>(
    `${AXE};
    const rules = axe.getRules().filter(({ tags }) => !tags.some((tag) => ${JSON.stringify(WITHOUT)}.includes(tag)))
    axe.run(document, { runOnly: { type: 'rule', values: rules.map((rule) => rule.ruleId) }, resultTypes: ['violations'] })`,
  )
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Kept for people to look at; outside git. */
async function keep(exhibit: Exhibit, kind: string): Promise<void> {
  const file = `${exhibit.name}-${exhibit.state}-${exhibit.language}-${kind}.png`
  await browser.page.screenshot({ path: resolve('test-results/screens', file), fullPage: true })
}

describe.each(LANGUAGES)('in %s', (language) => {
  const exhibits = EXHIBITS.filter((exhibit) => exhibit.language === language).map((exhibit, at) => ({
    ...exhibit,
    views: viewsOf(at + LANGUAGES.indexOf(language)),
  }))

  test.each(exhibits)(
    '$name, $state: no breach of WCAG 2.2 AA, light and dark, on a phone and a desktop, and none of its CSP',
    async (exhibit) => {
      const { page, complaints } = browser
      complaints.length = 0
      // The page that sends its form on would be gone before it is looked at; its own test sees it.
      await page.route('**/assets/*/form-post.js', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: '' }),
      )
      for (const [at, { viewport, colorScheme }] of exhibit.views.entries()) {
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        if (at === 0) await page.goto(`${show.origin}${pathOf(exhibit)}`)
        const view = `${viewport === PHONE ? 'phone' : 'desktop'}-${colorScheme}`
        expect(await breaches(), view).toEqual([])
        await keep(exhibit, view)
      }
      for (const viewport of [DESKTOP, PHONE, NARROWEST]) {
        await page.setViewportSize(viewport)
        expect(await page.evaluate<string[]>(BROKEN_WORDS), `${viewport.width} px`).toEqual([])
      }
      const width = await page.evaluate<number>('document.documentElement.scrollWidth')
      expect(width, 'nothing is beyond the edge at 320 px (WCAG 1.4.10)').toBeLessThanOrEqual(NARROWEST.width)
      const widest = await page.evaluate<number>(WITH_LONG_NAMES)
      expect(widest, 'nor is the longest address').toBeLessThanOrEqual(NARROWEST.width)
      expect(complaints).toEqual([])
    },
  )
})

test.each(EXHIBITS)(
  '$name, $state, $language: headers and markup are those of a page that nobody can lead astray (checklist 10, 11, 12)',
  (exhibit) => expectSoundPage(shown(exhibit), exhibit.language, exhibit.name),
)

/** Of people, applications and their things: the same in every language. */
const NAMES = /^[\s,.]*(Ada Lovelace|Photo Prints|Sallyport CLI)[\s,.]*$/

test.each(Object.keys(GALLERY))('%s: no text is left in English in the other languages', (name) => {
  const textOf = (language: (typeof LANGUAGES)[number], state: string) =>
    new Set(
      (shown({ name, state, language }).body.split('<body>')[1]?.split('<footer>')[0] ?? '')
        .replaceAll(
          /<details.*?<\/details>|<code.*?<\/code>|<span class="account">.*?<\/span>|<strong.*?<\/strong>/gs,
          '|',
        )
        .split(/<[^>]*>|\|/)
        .map((text) => text.trim())
        .filter((text) => /[a-z]{3,}.* .*[a-z]{2,}/i.test(text) && !NAMES.test(text)),
    )
  for (const state of Object.keys(GALLERY[name] ?? {})) {
    const english = textOf('en', state)
    for (const language of LANGUAGES.filter((other) => other !== 'en'))
      expect([...textOf(language, state)].filter((text) => english.has(text))).toEqual([])
  }
})

test.each(EXHIBITS)('$name, $state, $language: the navigation names the page as the page does', (exhibit) => {
  const { body } = shown(exhibit)
  const row = /<a href="([^"]*)" aria-current="page">([^<]*)</.exec(body)
  const heading = /<h1>([^<]*)/.exec(body)?.[1]
  // The overview has the account's name for a title; address and password are below the row that they belong to.
  const isRow = !['overviewPage', 'emailPage', 'changePasswordPage'].includes(exhibit.name)
  if (row !== null && isRow) expect(heading).toBe(row[2])
})
