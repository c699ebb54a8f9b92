/** Opens what passwords need: the hasher behind its gate, and the rules with the file of breached ones, where there is one. */
import type { Metrics } from '../../../observability/metrics.ts'
import { type BreachedPasswords, openBreachedPasswords } from './breached.ts'
import {
  createPasswordHasher,
  DEFAULT_HASH_PARAMETERS,
  type HashParameters,
  hashGate,
  type PasswordHasher,
} from './hasher.ts'
import { type PasswordRules, passwordRules } from './rules.ts'

export interface PasswordSettings {
  readonly hash?: HashParameters
  /** Hashes at once, and those that may wait; absent: by the processors of this machine. */
  readonly concurrent?: number
  readonly waiting?: number
  /** Hashes of breached passwords, as Have I Been Pwned ships them. */
  readonly breachedFile?: string
  /** Words that no password may be little more than, beside the service's own. */
  readonly words?: readonly string[]
}

export interface Passwords {
  readonly parts: { readonly passwords: PasswordHasher; readonly passwordRules: PasswordRules }
  close(): Promise<void>
}

interface Surroundings {
  readonly issuer: string
  readonly metrics: Pick<Metrics, 'hashing'>
  /** In place of one of these settings. */
  readonly hasher?: PasswordHasher | undefined
}

export async function openPasswords(
  settings: PasswordSettings = {},
  { issuer, metrics: { hashing }, hasher }: Surroundings,
): Promise<Passwords> {
  const breached: BreachedPasswords | undefined =
    settings.breachedFile === undefined ? undefined : await openBreachedPasswords(settings.breachedFile)
  const { concurrent, waiting, hash = DEFAULT_HASH_PARAMETERS } = settings
  const gate = hashGate({
    ...(concurrent !== undefined && { concurrent }),
    ...(waiting !== undefined && { waiting }),
    onRefused: () => hashing.refused.inc(),
  })
  hashing.watch(() => gate)
  const names = new URL(issuer).hostname.split('.')
  return {
    parts: {
      passwords: hasher ?? createPasswordHasher(gate, hash, (seconds) => hashing.seconds.observe(seconds)),
      passwordRules: passwordRules({ words: ['sallyport', ...names, ...(settings.words ?? [])], breached }),
    },
    close: async () => breached?.close(),
  }
}
