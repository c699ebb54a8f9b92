/** One row of the route table: everything that must be known of an endpoint without opening its file. */
import type { HttpRequest, Reply } from '../http/message.ts'
import type { DecisionName } from '../policy-engine/contract/index.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'
  /** fastify's form: `/scim/v2/Users/:id`. */
  readonly path: string
  /** The specification that defines it, e.g. `RFC 7662`. */
  readonly source: string
  /** The file that answers, under `src/auth/`. */
  readonly file: string
  /** What it asks, or `public`: discovery, keys, health, metrics, and pages that show nothing. */
  readonly decision: DecisionName | 'public'
  /** How errors are written. */
  readonly errors: 'oauth' | 'bearer' | 'registration' | 'scim' | 'problem' | 'page'
  /** Whether pages of any origin may call it (CORS); its OPTIONS is the server's. Never where a cookie counts. */
  readonly anyOrigin: boolean
  /** Whether GET does more than to show something (RFC 9110 9.2.1): it takes no HEAD. */
  readonly actsOnGet: boolean
  readonly handler: (request: HttpRequest) => Promise<Reply>
}
