/** What the configuration says of keys: the envelope key that seals them, and how signing keys live. */
import type { KeyRules } from '../../auth/keys/rules.ts'
import type { Config } from '../../config/schema.ts'
import { readKek, readPreviousKek } from '../../config/secrets.ts'
import { type Envelope, openEnvelope } from '../../kernel/envelope.ts'
import { ConfigError } from '../../kernel/errors.ts'

export function openConfiguredEnvelope(config: Config): Envelope {
  const kek = readKek(config)
  const previous = readPreviousKek(config)
  try {
    return openEnvelope(kek, previous)
  } finally {
    kek.fill(0)
    previous?.fill(0)
  }
}

export function keyRules({ keys }: Config): KeyRules {
  const [first, ...others] = keys.algorithms
  if (first === undefined) throw new ConfigError('keys.algorithms must name one at least')
  return {
    algorithms: [first, ...others],
    rsaBits: keys.rsa_bits,
    rotateSeconds: keys.rotate_seconds,
    publishSeconds: keys.publish_seconds,
    retireSeconds: keys.retire_seconds,
  }
}
