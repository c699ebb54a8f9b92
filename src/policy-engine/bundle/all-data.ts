/**
 * What the modules of bundles see as `data`: the platform's sees its own alone, every other the data of all bundles. Rules of
 * another bundle no module sees.
 */
import { createHash } from 'node:crypto'
import type { BundleSet, VerifiedBundle } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { mergeDocuments } from '../node/data-path.ts'
import { imageOf } from '../wasm/open.ts'

/** Images for modules that see the data of all bundles, of those bundles that have none for this set. */
export function prepareSet([platform, ...others]: BundleSet): BundleSet {
  const set: BundleSet = [platform, ...others]
  const digest = dataDigest(set)
  if (others.every((bundle) => isPrepared(bundle, digest))) return set
  const all = allData(set)
  const json = Buffer.from(JSON.stringify(all))
  return [
    platform,
    ...others.map((bundle): VerifiedBundle => {
      if (isPrepared(bundle, digest)) return bundle
      const image = imageOf(bundle, json, all)
      return { ...bundle, moduleDataDigest: digest, ...(image === undefined ? { moduleData: json } : { image }) }
    }),
  ]
}

/** Nothing is to be made for a bundle without a module, nor for one whose image is of the same data. */
const isPrepared = ({ wasm, metered, moduleDataDigest }: VerifiedBundle, digest: string): boolean =>
  (wasm ?? metered) === undefined || moduleDataDigest === digest

export const isSetPrepared = (set: BundleSet): boolean => {
  const digest = dataDigest(set)
  return set.slice(1).every((bundle) => isPrepared(bundle, digest))
}

function dataDigest(set: BundleSet): string {
  const hash = createHash('sha256')
  for (const bundle of set) hash.update(`${bundle.name}\0${bundle.dataDigest}\n`)
  return hash.digest('hex')
}

/** Roots are disjoint, so that documents meet above them only. */
const allData = (set: BundleSet): unknown =>
  set.map(({ dataJson }) => parseExact(Buffer.from(dataJson).toString('utf8'))).reduce(mergeDocuments, {})
