/** What is written to logs and metrics, by name. Typed by the audit event; the names of decisions' facts are held by privacy.test.ts. */
import type { AuditEvent } from '../../src/audit/events.ts'
import type { FieldClass } from './stored.ts'

export const AUDITED: Readonly<Record<keyof Required<AuditEvent>, FieldClass>> = {
  event: 'plain',
  tenant: 'plain',
  request_id: 'pseudonym',
  client_id: 'plain',
  sub: 'pseudonym',
  grant_id: 'pseudonym',
  decision_id: 'pseudonym',
  detail: 'plain',
  resource: 'pseudonym',
  changed: 'plain',
}

/**
 * Of the facts that decisions get, and the decision log with them, those that are about one person. All other names are `plain`. An
 * address is cut to its network by `system.log.mask` before anything is written.
 */
export const DECIDED: Readonly<Record<string, Exclude<FieldClass, 'secret' | 'plain'>>> = {
  address: 'personal',
  country: 'personal',
  email_domain: 'pseudonym',
  sub: 'pseudonym',
  id: 'pseudonym',
}

/** Fields of a line of the operational log, those that pino writes of itself first. Held to every call of a logger in the source. */
export const OPERATIONAL: Readonly<Record<string, FieldClass>> = {
  level: 'plain',
  time: 'plain',
  pid: 'plain',
  hostname: 'plain',
  name: 'plain',
  msg: 'plain',
  err: 'plain',
  'err.name': 'plain',
  'err.message': 'plain',
  'err.stack': 'plain',
  'err.error_code': 'plain',
  'err.error_reason': 'plain',
  'err.cause': 'plain',
  'err.type': 'plain',
  error: 'plain',
  at: 'plain',
  request_id: 'pseudonym',
  decision_id: 'pseudonym',
  client_id: 'plain',
  event: 'plain',
  detail: 'plain',
  outcome: 'plain',
  kind: 'plain',
  method: 'plain',
  handler: 'plain',
  provider: 'plain',
  failure: 'plain',
  breaker: 'plain',
  receiver: 'plain',
  webhook: 'plain',
  type: 'plain',
  listener: 'plain',
  header: 'plain',
  format: 'plain',
  url: 'plain',
  service: 'plain',
  status: 'plain',
  code: 'plain',
  signal: 'plain',
  failures: 'plain',
  heartbeatMs: 'plain',
  why: 'plain',
  log: 'plain',
  key_file: 'plain',
  bundle: 'plain',
  revision: 'plain',
  version: 'plain',
  from: 'plain',
  refusal: 'plain',
  serving: 'plain',
  action: 'plain',
  pin: 'plain',
  lifted: 'plain',
  place: 'plain',
  // Whatever a policy prints. Addresses are cut to their network, e-mail addresses to their domain.
  printed: 'personal',
}

/** Labels of metrics: each from a fixed list, or a name of the configuration. `node` and those of Node's own metrics first. */
export const LABELS: Readonly<Record<string, 'plain'>> = {
  node: 'plain',
  le: 'plain',
  type: 'plain',
  space: 'plain',
  kind: 'plain',
  version: 'plain',
  major: 'plain',
  minor: 'plain',
  patch: 'plain',
  name: 'plain',
  product: 'plain',
  status: 'plain',
  state: 'plain',
  outcome: 'plain',
  reason: 'plain',
  code: 'plain',
  handler: 'plain',
  method: 'plain',
  listener: 'plain',
  endpoint: 'plain',
  by: 'plain',
  decision: 'plain',
  provider: 'plain',
  receiver: 'plain',
  event: 'plain',
  signal: 'plain',
  action: 'plain',
}

/** Of lines that were written: the fields that the table above does not name. */
export function unknownFields(text: string): string[] {
  const unknown = new Set<string>()
  for (const line of text.split('\n')) {
    const fields = lineOf(line)
    for (const [name, value] of Object.entries(fields)) {
      const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
      for (const field of [name, ...inner.map((one) => `${name}.${one}`)])
        if (!Object.hasOwn(OPERATIONAL, field)) unknown.add(field)
    }
  }
  return [...unknown]
}

/** What else a process says, e.g. which command would help, is no line of the log. */
function lineOf(line: string): object {
  if (!line.startsWith('{"level":')) return {}
  const read: unknown = JSON.parse(line)
  return Object(read)
}

/** Of metrics as they are scraped: the labels that the table above does not name. */
export const unknownLabels = (text: string): string[] => {
  const labels = [...text.matchAll(/^\w+\{(.*)\} /gm)].flatMap(([, list = '']) =>
    [...list.matchAll(/(?:^|,)(\w+)="(?:\\.|[^"\\])*"/g)].map(([, label = '']) => label),
  )
  return [...new Set(labels)].filter((label) => !Object.hasOwn(LABELS, label))
}
