/** Two bundles that say which of them answers, by a rule and by data, so that no answer of both at once goes unseen. */
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { revisionIn } from '../servers/bundle-desk.ts'
import { copyPolicies } from '../servers/policy-folder.ts'

const REGO = `package probe

# METADATA
# entrypoint: true
marked := {"rule": "A", "data": data.marks.name, "n": input.n, "square": input.n * input.n}

# METADATA
# entrypoint: true
spin := contains(input.hay, input.needle)
`

export interface MarkedBundle {
  readonly mark: 'A' | 'B'
  readonly revision: string
  readonly files: BundleFiles
}

export async function markedBundles(): Promise<readonly [MarkedBundle, MarkedBundle]> {
  const policies = copyPolicies()
  const build = async (mark: 'A' | 'B'): Promise<MarkedBundle> => {
    policies.add('probe/probe.rego', REGO.replace('"A"', `"${mark}"`))
    policies.add('marks/data.yaml', `name: ${mark}\n`)
    const files = await policies.compile()
    return { mark, revision: revisionIn(files), files }
  }
  try {
    return [await build('A'), await build('B')]
  } finally {
    policies.remove()
  }
}

/** More work than any deadline allows: it is compared naively, and takes no memory. */
export const SPIN = { input: { hay: 'a'.repeat(200_000), needle: `${'a'.repeat(100_000)}b` } }
