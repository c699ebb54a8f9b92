/** For tests: bundles of the platform's policies, edited so that they cannot be answered by. */
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { copyPolicies, type Edit } from '../servers/policy-folder.ts'

/** Every decision is right on the empty question of the self-check, and fails on a real one. */
const everyDecision = (...rules: readonly string[]): Edit[] =>
  Object.keys(DECISIONS).map((name) => ({
    file: `authz/${name}.rego`,
    from: '\ndecision := {',
    to: `\n${rules.map((rule) => `decision := ${rule}\n\n`).join('')}before := {`,
  }))

const DENIED = '{"allow": false, "reasons": []}'
const DECISION_EDITS = {
  undefined: everyDecision(`${DENIED} if not input.tenant`),
  trap: everyDecision(DENIED, '{"allow": true, "reasons": []} if input.tenant'),
  wrong_result: everyDecision(
    `${DENIED} if not input.tenant`,
    '{"allow": true, "reasons": [], "obligations": {"everything": true}} if input.tenant',
  ),
}

/** The mask is undefined for `token`, traps for `introspect`, and is none for `userinfo`. */
const BROKEN_MASK: Edit = {
  file: 'system/log/mask.rego',
  from: /^mask contains[\s\S]*(?=^is_decision if)/m,
  to: `mask := [] if {
	not startswith(input.path, "authz/token/")
	not startswith(input.path, "authz/userinfo/")
}

mask := ["/input"] if startswith(input.path, "authz/introspect/")

mask := "everything" if startswith(input.path, "authz/userinfo/")

`,
}

/** By the reason that is told of each: all decisions fail so. */
export const BROKEN_DECISIONS = ['undefined', 'trap', 'wrong_result'] as const

export async function broken(what: (typeof BROKEN_DECISIONS)[number] | 'mask'): Promise<BundleFiles> {
  const policies = copyPolicies()
  try {
    for (const edit of what === 'mask' ? [BROKEN_MASK] : DECISION_EDITS[what]) policies.edit(edit)
    return await policies.compile()
  } finally {
    policies.remove()
  }
}
