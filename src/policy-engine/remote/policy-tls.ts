/**
 * TLS to the policy service: its authority, and the certificate that names this side to `system.authz`. Files are read again
 * when they change; connections that are made then use them. TLS 1.3 where the peer has it, never under 1.2 (RFC 9325).
 */
import { buildConnector } from 'undici'
import { followFiles } from '../../kernel/follow-files.ts'
import { readAuthorities, readKeyPair } from '../../kernel/tls-files.ts'
import type { Logger } from '../../observability/logger.ts'

export interface PolicyTls {
  /** In place of the system's authorities. */
  readonly caFile?: string | undefined
  /** Both or none. */
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export interface PolicyConnector {
  readonly connect: buildConnector.connector
  close(): void
}

const SETTING = 'policy.client_tls'

/** Throws ConfigError where a file cannot be used. */
export function policyConnector(
  { caFile, certFile, keyFile }: PolicyTls,
  timeout: number,
  logger: Logger,
): PolicyConnector {
  const read = () => {
    const pair =
      certFile !== undefined && keyFile !== undefined ? readKeyPair(SETTING, { certFile, keyFile }) : undefined
    return buildConnector({
      timeout,
      minVersion: 'TLSv1.2',
      ...(caFile !== undefined && { ca: readAuthorities(`${SETTING}.ca_file`, caFile) }),
      ...(pair && { cert: pair.cert, key: pair.key }),
    })
  }
  const close = followFiles({
    files: [caFile, certFile, keyFile].filter((file) => file !== undefined),
    take: () => {
      current = read()
      logger.info('the new certificate for the policy service is in use')
    },
    refuse: (error) =>
      logger.error({ err: error }, 'the new certificate for the policy service cannot be used: the one before stays'),
  })
  let current: buildConnector.connector
  try {
    current = read()
  } catch (error) {
    close()
    throw error
  }
  return { connect: (options, callback) => current(options, callback), close }
}
