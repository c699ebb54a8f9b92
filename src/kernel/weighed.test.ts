import { expect, test } from 'vitest'
import { weighed } from './weighed.ts'

test('entries come in their order, each with its weight (RFC 9110 12.4.2)', () => {
  expect(weighed('de-AT, EN ; Q=0.5,*;q=0, text/html;level=1;q=0.3,,a;q=x')).toEqual([
    { name: 'de-at', weight: 1 },
    { name: 'en', weight: 0.5 },
    { name: '*', weight: 0 },
    { name: 'text/html', weight: 0.3 },
    { name: 'a', weight: 0 },
  ])
  expect(weighed('')).toEqual([])
})
