/** What the composition does round every part: events that must be written, decisions that are remembered, failures that are told. */
import type { Audit, AuditEvent, AuditListener } from '../audit/events.ts'
import type { HttpRequest } from '../http/message.ts'
import type { ServerOptions } from '../http/server.ts'
import { PolicyUnavailable, StoreUnavailable } from '../kernel/errors.ts'
import type { MailKind } from '../mail/mailer.ts'
import type { MailOutcome } from '../mail/queue.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { seriesOf } from '../observability/series.ts'
import type { Decide } from '../policy-engine/decide.ts'

/**
 * An event that cannot be written stops what it would have recorded: nothing is answered as done. Listeners hear of it then;
 * what one returns is awaited, and a failure of its own is logged and changes nothing.
 */
export const strict =
  (audit: Audit, listeners: readonly AuditListener[], onFailure: (error: unknown, event: AuditEvent) => void): Audit =>
  async (event) => {
    try {
      await audit(event)
    } catch (cause) {
      throw new PolicyUnavailable('audit', event.event, { cause })
    }
    for (const hear of listeners) {
      try {
        const heard = hear(event)
        if (heard !== undefined) await heard
      } catch (error) {
        onFailure(error, event)
      }
    }
  }

/** Remembers which revision judged a request until its answer goes out, and tells audit of a decision that was not to be had. */
export function observed(decide: Decide, audit: Audit) {
  const revisions = new Map<string, string>()
  const asked: Decide = async (name, input, context) => {
    try {
      const verdict = await decide(name, input, context)
      if (context?.requestId !== undefined) revisions.set(context.requestId, verdict.revision)
      return verdict
    } catch (error) {
      const request = context?.requestId === undefined ? {} : { request_id: context.requestId }
      if (error instanceof PolicyUnavailable)
        await audit({
          event: 'decision_unavailable',
          tenant: input.tenant,
          detail: `${name}:${error.reason}`,
          ...request,
        })
      throw error
    }
  }
  const answerHeaders = (requestId: string) => {
    const revision = revisions.get(requestId)
    if (revision === undefined) return undefined
    revisions.delete(requestId)
    return { 'sallyport-revision': revision }
  }
  return { decide: asked, answerHeaders }
}

export function measureOf({ http }: Metrics): NonNullable<ServerOptions['onAnswer']> {
  const series = seriesOf((code = '', handler = '', method = '') => http.labels({ code, handler, method }))
  return ({ method, path, status, seconds }) => series(String(status), path, method).observe(seconds)
}

/** What becomes of letters is counted; one that will never arrive is audited. No address is told. */
export function mailWatch({
  audit,
  metrics,
  logger,
  tenant,
}: {
  audit: Audit
  metrics: Metrics
  logger: Logger
  tenant: string
}) {
  const onOutcome = (kind: MailKind, outcome: MailOutcome, error?: unknown): void => {
    metrics.mails.inc({ kind, outcome })
    if (outcome === 'sent' || outcome === 'late') return
    logger.warn({ kind, outcome, ...(error === undefined ? {} : { err: error }) }, 'a letter was not sent')
    if (outcome === 'again') return
    audit({ event: 'mail_failed', tenant, detail: `${kind}:${outcome}` }).catch(() =>
      logger.error({ kind }, 'audit failed'),
    )
  }
  return { onOutcome }
}

/** An error that nobody foresaw may quote what was sent: its kind and place are logged, its text is not. */
export function describe(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof PolicyUnavailable || error instanceof StoreUnavailable) return { err: error }
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
  return { error: error.name, at: frames.map((frame) => frame.trim()) }
}

/** Says what failed and where; never what was sent. */
export function failureReporter(options: { readonly logger: Logger; readonly audit: Audit }) {
  return (error: unknown, request: HttpRequest) => {
    options.logger.error({ ...describe(error), request_id: request.id, method: request.method }, 'request failed')
    if (!(error instanceof StoreUnavailable)) return
    options
      .audit({ event: 'store_unavailable', tenant: request.tenant, request_id: request.id })
      .catch(() => options.logger.error({ request_id: request.id }, 'audit failed'))
  }
}
