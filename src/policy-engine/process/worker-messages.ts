/** What the main thread and the thread of the policy API tell each other. */
import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import type { ChainHead } from '../../storage/records.ts'
import type { BundleSet } from '../engine.ts'
import type { BundleRecord, DeskErrorCode, DeskRequest } from '../life/desk.ts'
import type { ResolvedApi } from '../listen.ts'
import type { NodeStatus } from '../node/data-node.ts'
import type { NodePlace } from '../node/open-node.ts'
import type { Notice } from '../notices/hub.ts'
import type { PolicyStatus } from '../status.ts'

export type MetricValues = MetricObjectWithValues<MetricValue<string>>[]

export interface WorkerStart {
  readonly api: ResolvedApi
  readonly place: NodePlace
  readonly logLevel: string
  readonly beatMs: number
}

export type DeskAnswer =
  | { readonly records: readonly BundleRecord[] }
  | { readonly error: { readonly code: DeskErrorCode; readonly message: string } }

export type ToWorker =
  | { readonly kind: 'activate'; readonly id: number; readonly set: BundleSet }
  | { readonly kind: 'deactivate' }
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'desk'; readonly id: number; readonly answer: DeskAnswer }
  | { readonly kind: 'status'; readonly status: PolicyStatus }
  | { readonly kind: 'metrics'; readonly values: MetricValues }
  | { readonly kind: 'purge'; readonly subject?: string }
  | { readonly kind: 'heads'; readonly heads: readonly ChainHead[] | undefined }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'close' }

export type FromWorker =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'beat' }
  | { readonly kind: 'node'; readonly status: NodeStatus; readonly healthy: boolean }
  /** The bundles of that message are active, or could not be loaded on that thread. */
  | { readonly kind: 'activated'; readonly id: number; readonly failure?: string }
  | { readonly kind: 'metrics?' }
  /** Without a request: list all bundles. */
  | { readonly kind: 'desk?'; readonly id: number; readonly request?: DeskRequest }
  | { readonly kind: 'head'; readonly head: ChainHead }
  /** Those of all logs; undefined where the store does not tell. */
  | { readonly kind: 'heads?' }
  | { readonly kind: 'purge'; readonly subject?: string }
