/** `/v1/status`, `/v1/config`, `/metrics` and `/v1/cache/purge` of the policy API. */
import type { ChainHead } from '../../storage/records.ts'
import type { Explainer } from '../explain/explainer.ts'
import type { BundleDesk } from '../life/desk.ts'
import type { DataNode } from '../node/data-node.ts'
import type { NoticeHub } from '../notices/hub.ts'
import type { PolicyStatus } from '../status.ts'
import { ApiError, unavailable } from './api-error.ts'
import { type ApiReply, type ApiRequest, json } from './exchange.ts'
import { statusMetrics } from './status-metrics.ts'
import { flag } from './url.ts'

export interface OperationsDeps {
  readonly node: DataNode
  status(): PolicyStatus
  /** Prometheus text of every thread that this service knows. */
  metricsText(): Promise<string>
  /** Empties the decision caches of every thread. */
  purge(subject?: string): void
  /** Absent: no `/v1/bundles`. */
  readonly desk?: BundleDesk
  /** Absent: no `/v1/events`. */
  readonly notices?: NoticeHub
  /** Heads of the chains of all logs; absent where none are kept. */
  heads?(): Promise<readonly ChainHead[]>
  /** Absent: no explanations. */
  readonly explainer?: Explainer | undefined
  /** What `/v1/config` shows: no credential, secrets masked. */
  readonly config?: object | undefined
}

/** The body's outermost object is `result`, as OPA's (OPA, "Status API", "Config API"). */
export const answerResult = (result: object, { address: { query } }: ApiRequest): ApiReply =>
  flag(query, 'pretty') ? { body: `${JSON.stringify({ result }, null, 2)}\n` } : json({ result })

export async function answerMetrics({ metricsText, status }: OperationsDeps, version: string): Promise<ApiReply> {
  const [counted, state] = await Promise.all([metricsText(), statusMetrics(status(), version)])
  return { type: 'text/plain; version=0.0.4; charset=utf-8', body: `${counted.trimEnd()}\n\n${state}` }
}

/** What `sallyport audit verify` holds the files of the logs to. */
export async function answerHeads({ heads }: OperationsDeps, request: ApiRequest): Promise<ApiReply> {
  if (heads === undefined) throw new ApiError('resource_not_found', 'no heads of logs are kept here')
  try {
    return answerResult(await heads(), request)
  } catch {
    throw unavailable('the heads of the logs cannot be read')
  }
}

const isPurge = (value: unknown): value is { readonly subject?: string } => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([key, text]) => key === 'subject' && typeof text === 'string' && text !== '')
}

/** Body `{}` empties the caches, `{"subject": …}` what they hold on one person. */
export async function purgeCache({ purge }: OperationsDeps, request: ApiRequest): Promise<ApiReply> {
  const body = await request.body()
  let purged: unknown
  try {
    purged = JSON.parse(body.byteLength > 0 ? Buffer.from(body).toString('utf8') : '{}')
  } catch {
    throw new ApiError('invalid_parameter', 'the body is not valid JSON')
  }
  if (!isPurge(purged)) throw new ApiError('invalid_parameter', 'the body takes `subject` only')
  purge(purged.subject)
  return { status: 204 }
}
