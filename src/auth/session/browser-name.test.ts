import { expect, it } from 'vitest'
import { browserName } from './browser-name.ts'

const named = (agent?: string) => browserName({ headers: { 'user-agent': agent } })
const MOZILLA = 'Mozilla/5.0'
const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)'

it.each([
  ['Chrome', 'Linux', `${MOZILLA} (X11; Linux x86_64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`],
  ['Chrome', 'Linux', `${MOZILLA} (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/140.0.0.0 Safari/537.36`],
  [
    'Edge',
    'Windows',
    `${MOZILLA} (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
  ],
  ['Firefox', 'Windows', `${MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0`],
  ['Safari', 'macOS', `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.0 Safari/605.1.15`],
  [
    'Safari',
    'iOS',
    `${MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${WEBKIT} Version/18.0 Mobile/15E148 Safari/604.1`,
  ],
  ['Chrome', 'Android', `${MOZILLA} (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`],
  ['other', 'other', 'curl/8.0'],
  ['other', 'other', undefined],
])('reads %s on %s', (browser, system, agent) => {
  expect(named(agent)).toEqual({ browser, system })
})

it('stays the same with a new version of the browser or the system', () => {
  const at = (version: number) =>
    named(`${MOZILLA} (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`)
  expect(at(141)).toEqual(at(140))
})
