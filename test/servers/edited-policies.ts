/** For tests: a service decides by our policies with some lines changed, each set of changes compiled once. */
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { signedFiles, type TestService } from './auth-service.ts'
import { copyPolicies, type Edit } from './policy-folder.ts'

export interface EditedPolicies {
  /** From then on it decides by them; without an edit, by what was there at the start. */
  activate(...edits: readonly Edit[]): Promise<void>
  remove(): void
}

/** `always`: edits that stand beneath all others. */
export function editedPolicies({ node }: Pick<TestService, 'node'>, always: readonly Edit[] = []): EditedPolicies {
  const policies = copyPolicies()
  const built = new Map<string, BundleFiles>()
  let version = 1
  return {
    activate: async (...edits) => {
      policies.restore()
      for (const edit of [...always, ...edits]) policies.edit(edit)
      version += 1
      const told = JSON.stringify(edits)
      const files = built.get(told) ?? (await policies.compile())
      built.set(told, files)
      await node.activate([await signedFiles(files, version)])
    },
    remove: () => policies.remove(),
  }
}
