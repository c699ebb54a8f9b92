/** How the logs of a service are kept, as configured; structured-cloneable, for the threads that write them. */
import type { ChainedLogOptions } from '../../audit/chained-log.ts'
import type { Tolerance } from '../../audit/gap.ts'
import { signerOf } from '../../audit/signer.ts'

export interface LogRules {
  /** Ed25519 private key, PEM: signs checkpoints. */
  readonly signingKey?: string
  readonly rotateBytes?: number
  readonly budgetBytes?: number
  readonly tolerate?: Tolerance
  /** Decisions go to standard output as well. */
  readonly stdout?: boolean
}

/** Throws ConfigError where the key is none. */
export const logOptions = ({
  signingKey,
  rotateBytes,
  budgetBytes,
  tolerate,
  stdout,
}: LogRules): ChainedLogOptions => ({
  rotateBytes,
  budgetBytes,
  tolerate,
  ...(signingKey !== undefined && { signer: signerOf(signingKey) }),
  ...(stdout === true && { copy: (lines) => void process.stdout.write(lines) }),
})
