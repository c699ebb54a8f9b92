/** What the configuration says of the logs, as those who write them take it. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type AuditLog, openAudit } from '../../audit/audit.ts'
import { makeLogKey, readKey } from '../../audit/signer.ts'
import type { Config } from '../../config/schema.ts'
import type { Logger } from '../../observability/logger.ts'
import { type LogRules, logOptions, type UploadRules } from '../../policy-engine/decision-log/rules.ts'
import type { ChainStore } from '../../storage/port.ts'
import { serviceOptions } from './services.ts'

const UPLOAD_BUDGET_BYTES = 1024 * 1024 * 1024

/** Throws ConfigError where the key is none. */
export function logRules(config: Config): LogRules {
  const { log } = config
  const budgetBytes = log.budget_bytes ?? (log.upload === undefined ? undefined : UPLOAD_BUDGET_BYTES)
  return {
    rotateBytes: log.rotate_bytes,
    tolerate: log.on_failure === 'answer' ? 'any' : log.when_full === 'gap' ? 'full' : 'none',
    stdout: log.stdout,
    ...(budgetBytes !== undefined && { budgetBytes }),
    ...(log.upload && { upload: uploadRules(config, log.upload) }),
    ...(existsSync(log.key_file) && { signingKey: readKey(log.key_file) }),
  }
}

function uploadRules(config: Config, upload: NonNullable<Config['log']['upload']>): UploadRules {
  const { url, oauth2, ...rest } = serviceOptions(config, upload.service, 'log.upload.service')
  return {
    service: { ...rest, url: url.href, ...(oauth2 && { oauth2: { ...oauth2, tokenUrl: oauth2.tokenUrl.href } }) },
    resource: upload.resource,
    sizeLimitBytes: upload.upload_size_limit_bytes,
    minDelayMs: upload.min_delay_seconds * 1000,
    maxDelayMs: upload.max_delay_seconds * 1000,
  }
}

/** Opens the audit log, which is never uploaded and so has no budget. */
export function openAuditLog(config: Config, chains: ChainStore, logger: Logger, file = 'audit.jsonl'): AuditLog {
  const { budgetBytes: _budget, stdout: _stdout, upload: _upload, ...rules } = logRules(config)
  if (rules.signingKey === undefined) warnOfKey(config, logger)
  return openAudit(join(config.log.directory, file), {
    ...logOptions(rules),
    register: (head) => chains.register(head),
    onTrouble: (what, cause) => logger.error({ err: cause, log: 'audit' }, what),
  })
}

const warnOfKey = ({ log }: Config, logger: Logger): void =>
  logger.warn(
    { key_file: log.key_file },
    'no key signs the checkpoints of the logs: docs/administration.md says how to make one',
  )

/** Makes the key where there is none; answers whether it did. */
export function ensureLogKey(file: string): boolean {
  if (existsSync(file)) return false
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  makeLogKey(file)
  return true
}
