/** Who owns which path of `data`, as OPA compares roots, and what only the platform's bundle may own. */
import { describe, expect, it } from 'vitest'
import { BundleError } from '../engine.ts'
import { checkContents, checkRoots, normalRoots, overlaps } from './roots.ts'

const code = (action: () => unknown): string | undefined => {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof BundleError ? error.code : String(error)
  }
}

describe('roots of one bundle', () => {
  it('own everything where the manifest names none, and lose their slashes (OPA, "Bundle File Format")', () => {
    expect(normalRoots(undefined)).toEqual([''])
    expect(normalRoots(['/shop/', 'a/b'])).toEqual(['shop', 'a/b'])
    expect(normalRoots([])).toEqual([])
  })

  it.each([[['a', 'a/b']], [['a/b', 'a']], [['', 'a']], [['a', '/a/']]])(
    '%j are refused: they overlap in one manifest (OPA, "Bundle File Format")',
    (roots) => {
      expect(code(() => normalRoots(roots))).toBe('not_a_bundle')
    },
  )

  it.each([
    ['a', 'a', true],
    ['a', 'a/b', true],
    ['a/b', 'a', true],
    ['', 'x', true],
    ['a', 'ab', false],
    ['a/b', 'a/c', false],
    ['a/b', 'a/bc', false],
  ])('%j and %j overlap: %j', (left, right, expected) => {
    expect(overlaps(left, right)).toBe(expected)
  })

  it.each([
    ['data under a root', ['shop'], [], { shop: { a: 1 } }, undefined],
    ['data under a deep root', ['a/b'], [], { a: { b: [1], 'b/c': 1 } }, 'outside_roots'],
    ['empty objects above a root', ['a/b'], [], { a: {} }, undefined],
    ['a scalar above a root', ['a/b'], [], { a: 1 }, 'outside_roots'],
    ['data beside the roots', ['shop'], [], { shop: {}, rbac: {} }, 'outside_roots'],
    ['an entrypoint under a root', ['shop'], ['shop/allow'], {}, undefined],
    ['an entrypoint beside the roots', ['shop'], ['authz/token/decision'], {}, 'outside_roots'],
    ['anything under the root of all', [''], ['x/y'], { z: 1 }, undefined],
    ['anything where there are no roots', [], [], { z: 1 }, 'outside_roots'],
  ])('hold %s, or the bundle is refused', (_what, roots, entrypoints, data, expected) => {
    expect(code(() => checkContents(roots, entrypoints, data))).toBe(expected)
  })
})

describe('roots of several bundles', () => {
  const platform = { name: 'sallyport', roots: ['authz', 'system', 'rbac'] }
  const shop = { name: 'shop', roots: ['shop', 'prices/eu'] }

  it('may stand beside each other where none overlaps another', () => {
    expect(code(() => checkRoots([platform, shop, { name: 'us', roots: ['prices/us'] }]))).toBeUndefined()
    expect(code(() => checkRoots([{ name: 'sallyport', roots: [''] }]))).toBeUndefined()
  })

  it.each([['authz'], ['authz/token'], ['system'], ['system/log'], ['rbac'], ['rbac/roles'], ['']])(
    '%j is refused to all but the platform bundle, which both messages name',
    (root) => {
      const claim = () =>
        checkRoots([
          { name: 'main', roots: ['main'] },
          { name: 'foreign', roots: [root] },
        ])
      expect(code(claim)).toBe('roots_conflict')
      expect(claim).toThrow(/foreign.*main/)
    },
  )

  it.each([
    ['the same', ['shop']],
    ['one above', ['prices']],
    ['one below', ['prices/eu/vat']],
  ])('are refused where another has %s, and both are named', (_what, roots) => {
    const claim = () => checkRoots([platform, shop, { name: 'late', roots }])
    expect(code(claim)).toBe('roots_conflict')
    expect(claim).toThrow(/late.*shop|shop.*late/)
  })

  it('overlap nothing where the platform bundle owns everything', () => {
    expect(code(() => checkRoots([{ name: 'sallyport', roots: [''] }, shop]))).toBe('roots_conflict')
  })
})
