/** By which rules signing keys are kept: the section `keys` of the configuration. */
import { LEAST_RETIRE_SECONDS } from '../../kernel/key-times.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'

export interface KeyRules {
  /** One at least; the first signs what no client wants otherwise. */
  readonly algorithms: readonly [SigningAlgorithm, ...SigningAlgorithm[]]
  readonly rsaBits: number
  /** For how long a key signs before the next takes its place. */
  readonly rotateSeconds: number
  /** For how long a key is published before it signs. */
  readonly publishSeconds: number
  /** For how long a key stays published after it signed. */
  readonly retireSeconds: number
}

export const DEFAULT_KEY_RULES: KeyRules = {
  algorithms: ['ES256'],
  rsaBits: 2048,
  rotateSeconds: 30 * 24 * 3600,
  publishSeconds: 3600,
  retireSeconds: LEAST_RETIRE_SECONDS,
}
