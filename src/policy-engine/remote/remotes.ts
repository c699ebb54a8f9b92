/** Which decisions are answered by which remote server: opened by each deciding thread from what crosses to it as plain data. */
import { openEgress } from '../../egress/open.ts'
import { openService, type ServiceOptions, serviceHosts } from '../../egress/service.ts'
import type { BreakerState } from '../../observability/breaker-state.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Revisions } from '../engine.ts'
import { openRemote, type RemoteAnswer, type RemoteEngine } from './opa.ts'

/** A service's options with addresses as text: an URL does not cross to another thread. */
export interface PlainService extends Omit<ServiceOptions, 'url' | 'oauth2'> {
  readonly url: string
  readonly oauth2?: Omit<NonNullable<ServiceOptions['oauth2']>, 'tokenUrl'> & { readonly tokenUrl: string }
}

export interface RemotePlace {
  readonly name: string
  readonly service: PlainService
  readonly decisions: readonly string[]
  /** Below `data`; `{decision}` is the decision's name. */
  readonly path: string
  readonly deadlineMs: number
  readonly retries: number
}

/** One decision's way out. */
export interface Elsewhere {
  readonly name: string
  ask(input: unknown, options?: { readonly exact?: boolean; readonly strict?: boolean }): Promise<RemoteAnswer>
}

export interface Remotes {
  /** By entrypoint of the contract. */
  readonly decisions: ReadonlyMap<string, Elsewhere>
  readonly engines: ReadonlyMap<string, RemoteEngine>
  readonly states: Readonly<Record<string, { readonly breaker: BreakerState }>>
  close(): Promise<void>
}

export const NO_REMOTES: Remotes = { decisions: new Map(), engines: new Map(), states: {}, close: async () => {} }

export interface RemotesDeps {
  readonly logger: Logger
  /** After each turn of a breaker. */
  readonly onChange?: () => void
}

export function openRemotes(places: readonly RemotePlace[], { logger, onChange }: RemotesDeps): Remotes {
  if (places.length === 0) return NO_REMOTES
  const services = places.map(({ service }) => withAddresses(service))
  const egress = openEgress({ allow: services.flatMap(serviceHosts), unlisted: 'none' })
  const engines = new Map<string, RemoteEngine>()
  const decisions = new Map<string, Elsewhere>()
  for (const [at, { name, decisions: names, path, deadlineMs, retries }] of places.entries()) {
    const options = services[at]
    if (options === undefined) continue
    const service = openService(options, { egress })
    const engine = openRemote(service, { name, deadlineMs, retries, logger, ...(onChange && { onChange }) })
    engines.set(name, engine)
    for (const decision of names) {
      const asked = { decision, path: path.replaceAll('{decision}', decision) }
      decisions.set(`authz/${decision}/decision`, {
        name,
        ask: (input, options) => engine.ask({ ...asked, input, ...options }),
      })
    }
  }
  return {
    decisions,
    engines,
    get states() {
      return Object.fromEntries([...engines].map(([name, { breaker }]) => [name, { breaker: breaker.state }]))
    },
    close: async () => {
      for (const engine of engines.values()) engine.close()
      await egress.close()
    },
  }
}

export function plainService({ url, oauth2, ...rest }: ServiceOptions): PlainService {
  return { ...rest, url: url.href, ...(oauth2 && { oauth2: { ...oauth2, tokenUrl: oauth2.tokenUrl.href } }) }
}

function withAddresses({ url, oauth2, ...rest }: PlainService): ServiceOptions {
  return {
    ...rest,
    url: new URL(url),
    ...(oauth2 && { oauth2: { ...oauth2, tokenUrl: new URL(oauth2.tokenUrl) } }),
  }
}

/** Where one revision is to stand for all: the first, or none. */
export const revisionOf = (bundles: Revisions): string => Object.values(bundles)[0]?.revision ?? ''

/** What the log carries of an answer that was judged elsewhere. */
export const judgedBy = ({ name }: Elsewhere, { decisionId }: RemoteAnswer) => ({
  remote: { name, ...(decisionId !== undefined && { decision_id: decisionId }) },
})
