/** Whether a built bundle and one on disk hold the same: file by file, whatever packed them. Signatures don't count. */
import { type BundleFiles, fileDigest, SIGNATURES } from '../../src/policy-engine/bundle/digest.ts'

/** One line for each difference. */
export function differences(built: BundleFiles, found: BundleFiles): string[] {
  const names = [...new Set([...built.keys(), ...found.keys()])].filter((name) => name !== SIGNATURES).sort()
  return names.flatMap((name) => {
    const left = built.get(name)
    const right = found.get(name)
    if (left === undefined) return [`${name}: no longer part of the bundle`]
    if (right === undefined) return [`${name}: missing from the bundle`]
    return fileDigest(name, left) === fileDigest(name, right) ? [] : [`${name}: differs from its sources`]
  })
}
