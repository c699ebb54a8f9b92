/**
 * Throttles that policy set: kept in the store, read by every node every few seconds, looked up in memory. While none is in
 * force a request pays for asking whether there is one. RFC 6585 4.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { networkOf, subnetOf } from '../../../http/network-of.ts'
import type { Admitted, RateLimits } from '../../../http/rate-limits.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { ThreatStore, Throttle } from '../../../storage/threat-port.ts'
import type { Spares } from './spared.ts'

export type Throttled =
  | { readonly kind: 'address' | 'subnet'; readonly address: string }
  | { readonly kind: 'client'; readonly clientId: string }
  | { readonly kind: 'person'; readonly sub: string }

export interface Throttles {
  /** In force here at once, on the other nodes when they next read. */
  set(tenant: string, about: Throttled, seconds: number, perMinute: number): Promise<void>
  /** The limits of the endpoints with throttles before them; without any limits only those. */
  before(limits: RateLimits | undefined): RateLimits
  /** Reads what other nodes set. */
  read(): Promise<void>
  close(): void
}

export interface ThrottlesDeps {
  readonly store: { readonly threats: Pick<ThreatStore, 'throttle' | 'throttles'> }
  readonly clock: Clock
  readonly tenant: string
  /** Addresses that no throttle is for, whoever set it. */
  readonly spares: Spares
  readonly metrics: { readonly throttled: { inc(labels: { readonly by: string }): void } }
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/** In force, and what has come in the minute that runs. */
interface InForce extends Throttle {
  readonly minute: number
  readonly come: number
}

const EVERY_MS = 2_000
const MINUTE_MS = 60_000

const keyOf = (about: Throttled): string => {
  switch (about.kind) {
    case 'address':
      return `address ${digestOf(networkOf(about.address))}`
    case 'subnet':
      return `subnet ${digestOf(subnetOf(about.address))}`
    case 'client':
      return `client ${about.clientId}`
    case 'person':
      return `person ${about.sub}`
  }
}

/** Reads right away, then again and again until it is closed. */
export function openThrottles(deps: ThrottlesDeps): Throttles {
  const { store, clock, tenant, metrics, spares, onFailure, everyMs = EVERY_MS } = deps
  const inForce = new Map<string, InForce>()
  let reading = false

  const read = async (): Promise<void> => {
    if (reading) return
    reading = true
    try {
      const told = new Set<string>()
      for (const throttle of await store.threats.throttles(tenant)) {
        told.add(throttle.key)
        inForce.set(throttle.key, { minute: 0, come: 0, ...inForce.get(throttle.key), ...throttle })
      }
      for (const [key, { untilMs }] of inForce) if (!told.has(key) && untilMs <= clock.nowMs()) inForce.delete(key)
    } catch (error) {
      onFailure(error)
    } finally {
      reading = false
    }
  }
  const admit = (about: Throttled): void => {
    const key = keyOf(about)
    const throttle = inForce.get(key)
    const nowMs = clock.nowMs()
    if (throttle === undefined || throttle.untilMs <= nowMs) return
    const minute = Math.floor(nowMs / MINUTE_MS)
    const come = throttle.minute === minute ? throttle.come : 0
    inForce.set(key, { ...throttle, minute, come: come + 1 })
    if (come < throttle.perMinute) return
    metrics.throttled.inc({ by: about.kind })
    const again = throttle.perMinute === 0 ? throttle.untilMs : Math.min(throttle.untilMs, (minute + 1) * MINUTE_MS)
    throw new OAuthError('slow_down', { retryAfterSeconds: Math.max(1, Math.ceil((again - nowMs) / 1000)) })
  }
  const ofAddress = (request: HttpRequest): void => {
    const { address } = request.origin
    if (spares(address)) return
    admit({ kind: 'address', address })
    admit({ kind: 'subnet', address })
  }
  const timer = setInterval(() => void read(), everyMs)
  timer.unref()
  void read()

  return {
    set: async (ofTenant, about, seconds, perMinute) => {
      const throttle = { key: keyOf(about), perMinute, untilMs: clock.nowMs() + seconds * 1000 }
      await store.threats.throttle(ofTenant, throttle)
      if (ofTenant === tenant) inForce.set(throttle.key, { ...throttle, minute: 0, come: 0 })
    },
    before: (limits) => ({
      address: (path) => {
        const counted = limits?.address(path)
        return (request) => {
          if (inForce.size > 0) ofAddress(request)
          return counted?.(request)
        }
      },
      client: (request, client): Admitted => {
        if (inForce.size > 0) admit({ kind: 'client', clientId: client.clientId })
        return limits?.client(request, client)
      },
      person: (request, sub): Admitted => {
        if (inForce.size > 0) admit({ kind: 'person', sub })
        return limits?.person(request, sub)
      },
    }),
    read,
    close: () => clearInterval(timer),
  }
}
