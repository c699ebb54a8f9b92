/** Entries of the allow-list, and what each lets out. */
import { describe, expect, it } from 'vitest'
import { createAllowList, isEntry } from './allow-list.ts'

const refuses = (
  entries: readonly string[],
  host: string,
  address: string,
  port = 443,
  unlisted: 'public' | 'none' = 'none',
) => createAllowList(entries, unlisted).refuses({ host, port }, address)

describe('the allow-list', () => {
  it('lets unlisted hosts out to public addresses only, or not at all', () => {
    expect(refuses([], 'a.example', '8.8.8.8', 443, 'public')).toBeUndefined()
    expect(refuses([], 'a.example', '8.8.8.8')).toBe('public')
    for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', 'fd00::1', '::ffff:10.0.0.1']) {
      expect(refuses([], 'a.example', address, 443, 'public')).toBeDefined()
    }
  })

  it('lets a host out by its whole name, to private addresses too, and to none of the dangerous ones', () => {
    const list = ['opa.internal', 'other.internal:8181']
    expect(refuses(list, 'opa.internal', '10.0.0.1')).toBeUndefined()
    expect(refuses(list, 'opa.internal', '127.0.0.1')).toBeUndefined()
    expect(refuses(list, 'sub.opa.internal', '10.0.0.1')).toBe('private')
    expect(refuses(list, 'other.internal', '10.0.0.1', 8181)).toBeUndefined()
    expect(refuses(list, 'other.internal', '10.0.0.1', 8182)).toBe('private')
    expect(refuses(list, 'opa.internal', '169.254.169.254')).toBe('metadata')
    expect(refuses(list, 'opa.internal', 'fe80::1')).toBe('link-local')
    expect(refuses(list, 'opa.internal', '224.0.0.1')).toBe('multicast')
  })

  it('lets hosts out by a suffix, to public addresses only', () => {
    expect(refuses(['*.example.com'], 'a.b.example.com', '8.8.8.8')).toBeUndefined()
    expect(refuses(['*.example.com'], 'example.com', '8.8.8.8')).toBe('public')
    expect(refuses(['*.example.com'], 'badexample.com', '8.8.8.8')).toBe('public')
    expect(refuses(['*.example.com'], 'a.example.com', '127.0.0.1')).toBe('loopback')
  })

  it('lets addresses out by address and range, whatever name leads there', () => {
    expect(refuses(['127.0.0.1:9000'], 'x', '127.0.0.1', 9000)).toBeUndefined()
    expect(refuses(['127.0.0.1:9000'], 'x', '::ffff:127.0.0.1', 9000)).toBeUndefined()
    expect(refuses(['127.0.0.1:9000'], 'x', '127.0.0.1', 9001)).toBe('loopback')
    expect(refuses(['10.0.0.0/8'], 'x', '10.255.0.1')).toBeUndefined()
    expect(refuses(['10.0.0.0/8:443'], 'x', '10.255.0.1', 80)).toBe('private')
    expect(refuses(['[fd00::/8]:443', '::1'], 'x', 'fd12::1')).toBeUndefined()
    expect(refuses(['[fd00::/8]:443', '::1'], 'x', '::1', 80)).toBeUndefined()
    expect(refuses(['169.254.169.254'], 'x', '169.254.169.254')).toBeUndefined()
  })

  it.each(['a.example', 'A.example:80', '*.a.example', 'localhost', '10.0.0.0/8', '::1', '[::1]:80', 'fd00::/8'])(
    'takes %s',
    (entry) => expect(isEntry(entry)).toBe(true),
  )
  it.each([
    '',
    '*',
    '*.',
    'http://a',
    'a/b',
    'a:0',
    'a:65536',
    'a:b',
    'a b',
    '10.0.0.0/33',
    '10.0.0',
    '300.1.1.1',
    '10.0.0.0/',
    'fd00::/8:443',
    '[::1',
    '::ffff:0:0/96',
    '64:ff9b::/96',
    'a.*.b',
    '-a',
    'user@a',
    '127.1',
  ])('refuses %j', (entry) => expect(isEntry(entry)).toBe(false))
})
