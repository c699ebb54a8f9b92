/** Which bundles are active together: one change at a time, and no bundle takes what is another's. */
import { describe, expect, it } from 'vitest'
import type { BundleSet, VerifiedBundle } from '../engine.ts'
import { type ActiveSetOptions, createActiveSet } from './active-set.ts'

const bundle = (name: string, roots: readonly string[], version = 1): VerifiedBundle => ({
  name,
  roots,
  version,
  revision: `${name}-${version}`,
  digest: `${name}-${version}`,
  dataDigest: '',
  keyId: 'k',
  dataJson: Buffer.from('{}'),
  entrypoints: [],
  cacheTtlSeconds: {},
  cacheNondeterministic: [],
  sizeBytes: 0,
})
const platform = (version = 1, roots = ['authz', 'system', 'rbac']) => bundle('sallyport', roots, version)

function open(over: Partial<ActiveSetOptions> = {}) {
  const activations: string[][] = []
  const notes: string[] = []
  const set = createActiveSet({
    platform: 'sallyport',
    activate: async (next: BundleSet) => void activations.push(next.map(({ revision }) => revision)),
    deactivate: () => void activations.push([]),
    ...over,
  })
  const offer = (one: VerifiedBundle) => set.offer(one, async () => void notes.push(one.revision))
  return { set, offer, activations, notes }
}

describe('the set of active bundles', () => {
  it('begins with the platform bundle; any other waits for it', async () => {
    const { offer, activations, notes } = open()
    await expect(offer(bundle('shop', ['shop']))).rejects.toMatchObject({ code: 'no_platform' })
    await offer(platform())
    await offer(bundle('shop', ['shop']))
    await offer(platform(2))
    await offer(bundle('shop', ['shop'], 2))
    expect(activations).toEqual([
      ['sallyport-1'],
      ['sallyport-1', 'shop-1'],
      ['sallyport-2', 'shop-1'],
      ['sallyport-2', 'shop-2'],
    ])
    expect(notes).toEqual(['sallyport-1', 'shop-1', 'sallyport-2', 'shop-2'])
  })

  it('refuses what overlaps an active bundle before its mark is raised, the platform bundle as well', async () => {
    const { set, offer, activations, notes } = open()
    await offer(platform())
    await offer(bundle('shop', ['shop']))
    await expect(offer(bundle('late', ['shop/x']))).rejects.toMatchObject({ code: 'roots_conflict' })
    await expect(offer(bundle('late', ['rbac/x']))).rejects.toMatchObject({ code: 'roots_conflict' })
    await expect(offer(platform(2, ['authz', 'shop']))).rejects.toMatchObject({ code: 'roots_conflict' })
    expect(activations).toHaveLength(2)
    expect(notes).toEqual(['sallyport-1', 'shop-1'])
    expect(set.current?.map(({ revision }) => revision)).toEqual(['sallyport-1', 'shop-1'])
  })

  it('has room for a root that its owner gave up', async () => {
    const { offer, activations } = open()
    await offer(platform())
    await offer(bundle('shop', ['shop', 'notes']))
    await offer(bundle('shop', ['shop'], 2))
    await offer(bundle('late', ['notes']))
    expect(activations.at(-1)).toEqual(['sallyport-1', 'shop-2', 'late-1'])
  })

  it('changes one by one, each on what the one before left, however many are offered at once', async () => {
    const gate = Promise.withResolvers<void>()
    const { offer, activations } = open({ prepare: async (set) => gate.promise.then(() => set) })
    const offers = [platform(), bundle('a', ['a']), bundle('b', ['b']), bundle('c', ['a/b'])].map(offer)
    offers[3]?.catch(() => {})
    gate.resolve()
    expect((await Promise.allSettled(offers)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ])
    expect(activations.at(-1)).toEqual(['sallyport-1', 'a-1', 'b-1'])
  })

  it('stays as it is where the nodes cannot be swapped', async () => {
    let fails = false
    const { set, offer } = open({
      activate: async () => {
        if (fails) throw new Error('out of memory')
      },
    })
    await offer(platform())
    fails = true
    await expect(offer(bundle('a', ['a']))).rejects.toThrow('out of memory')
    expect(set.current).toHaveLength(1)
    fails = false
    await offer(bundle('a', ['a']))
    expect(set.current).toHaveLength(2)
  })

  it('takes a bundle out of force where the nodes cannot go on without it: nothing is, until the next change', async () => {
    let fails = false
    const activations: string[][] = []
    const { set, offer } = open({
      activate: async (next) => {
        if (fails) throw new Error('out of memory')
        activations.push(next.map(({ revision }) => revision))
      },
      deactivate: () => void activations.push([]),
    })
    await offer(platform())
    await offer(bundle('a', ['a']))
    fails = true
    await expect(set.withdraw('a')).rejects.toThrow('out of memory')
    expect(activations.at(-1)).toEqual([])
    fails = false
    await offer(bundle('b', ['b']))
    expect(activations.at(-1)).toEqual(['sallyport-1', 'b-1'])
  })

  it('reaches the nodes also where nothing is known to be in force', async () => {
    const { set, activations } = open()
    await set.withdraw('sallyport')
    expect(activations).toEqual([[]])
  })

  it('ends with the platform bundle, and the others are back with it', async () => {
    const { set, offer, activations } = open()
    await offer(platform())
    await offer(bundle('a', ['a']))
    await set.withdraw('sallyport')
    expect(set.current).toBeUndefined()
    await offer(platform(2))
    await set.withdraw('a')
    expect(activations.slice(2)).toEqual([[], ['sallyport-2', 'a-1'], ['sallyport-2']])
  })
})
