/** `/health`, `/v1/status`, `/metrics` and `/v1/cache/purge` of the policy API. */
import type { DataNode } from '../data-node.ts'
import type { PolicyStatus } from '../status.ts'
import { ApiError } from './api-error.ts'
import { flag } from './url.ts'

export interface OperationsDeps {
  readonly node: DataNode
  status(): PolicyStatus
  /** Prometheus text of every thread that this service knows. */
  metricsText(): Promise<string>
  /** Empties the decision caches of every thread. */
  purge(subject?: string): void
}

export interface Health {
  readonly status: number
  readonly body: object
}

/** 200 once a bundle is active. `?bundles` and `?plugins` name what is missing (OPA, "Health API"). */
export function health({ node, status }: OperationsDeps, query: URLSearchParams): Health {
  const { bundles, plugins } = status()
  const missing = Object.values(bundles).filter((bundle) => bundle.active_revision === undefined)
  if (node.active === undefined || (flag(query, 'bundles') && missing.length > 0)) {
    return {
      status: 500,
      body: { error: `not activated: ${missing.map(({ name }) => name).join(', ') || 'this node'}` },
    }
  }
  const broken = Object.entries(plugins).filter(([, { state }]) => state !== 'OK')
  if (flag(query, 'plugins') && broken.length > 0) {
    return { status: 500, body: { error: `not OK: ${broken.map(([name]) => name).join(', ')}` } }
  }
  return { status: 200, body: {} }
}

const isPurge = (value: unknown): value is { readonly subject?: string } => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([key, text]) => key === 'subject' && typeof text === 'string' && text !== '')
}

/** Body `{}` empties the caches, `{"subject": …}` what they hold on one person. */
export function purgeCache({ purge }: OperationsDeps, body: unknown): void {
  let request: unknown
  try {
    request = JSON.parse(body instanceof Uint8Array && body.byteLength > 0 ? Buffer.from(body).toString('utf8') : '{}')
  } catch {
    throw new ApiError('invalid_parameter', 'the body is not valid JSON')
  }
  if (!isPurge(request)) throw new ApiError('invalid_parameter', 'the body takes `subject` only')
  purge(request.subject)
}
