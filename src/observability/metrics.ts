/** The metrics of one thread (Prometheus text format). Every label comes from a bounded set; none holds an id or address. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

import { type SignalMetrics, signalMetrics } from './signal-metrics.ts'

export interface Waiting {
  readonly bytes: number
  readonly oldestSeconds: number
}

/** Of the decision log's upload; OPA's names where it has them. */
export interface UploadMetrics {
  readonly chunks: Counter
  readonly failed: Counter
  readonly cacheDropped: Counter
  readonly erased: Counter
  /** Asked whenever the metrics are read. */
  watch(waiting: () => Waiting): void
}

/** Of password hashes. */
export interface HashingMetrics {
  readonly seconds: Histogram
  readonly refused: Counter
  /** Asked whenever the metrics are read. */
  watch(load: () => { readonly active: number; readonly waiting: number }): void
}

export interface Metrics {
  readonly registry: Registry
  readonly http: Histogram<'code' | 'handler' | 'method'>
  readonly decisions: Counter<'decision' | 'outcome'>
  readonly decisionSeconds: Histogram<'decision'>
  readonly maskFailures: Counter
  /** Logout tokens sent to clients. */
  readonly logouts: Counter<'outcome'>
  /** Letters to people. */
  readonly mails: Counter<'kind' | 'outcome'>
  readonly hashing: HashingMetrics
  readonly signals: SignalMetrics
  readonly dropped: Counter
  readonly logFailures: Counter
  readonly logGap: Counter
  readonly upload: UploadMetrics
  readonly bundleLoaded: Counter<'name'>
  readonly bundleFailed: Counter<'name' | 'code'>
  readonly bundleActivation: Gauge<'name'>
  readonly tlsReloads: Counter<'listener' | 'outcome'>
  readonly tlsNotAfter: Gauge<'listener'>
  readonly rateLimited: Counter<'endpoint' | 'by'>
  readonly throttled: Counter<'by'>
  readonly threatSignals: Counter<'signal'>
  readonly threatAnswers: Counter<'signal' | 'action'>
  /** Identity providers, by the ids of the configuration. */
  readonly federation: {
    readonly state: Gauge<'provider'>
    readonly opened: Counter<'provider'>
    readonly outcomes: Counter<'provider' | 'outcome'>
  }
  readonly pressure: {
    readonly shed: Counter<'reason'>
    readonly inFlight: Gauge
    readonly lag: Gauge
  }
}

/** `node` becomes a label of each metric, so that the threads of one process stay apart. */
export function createMetrics(node: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ node })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    http: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests.',
      labelNames: ['code', 'handler', 'method'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    decisions: new Counter({
      name: 'decisions_total',
      help: 'Decisions, by name and outcome: allow, deny, defined, undefined, or why none could be had.',
      labelNames: ['decision', 'outcome'],
      registers,
    }),
    decisionSeconds: new Histogram({
      name: 'decision_duration_seconds',
      help: 'Duration of one evaluation, without validation and log.',
      labelNames: ['decision'],
      buckets: [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 1],
      registers,
    }),
    logouts: new Counter({
      name: 'backchannel_logouts_total',
      help: 'Logout tokens sent to clients: delivered, again (not taken, sent again later), given_up.',
      labelNames: ['outcome'],
      registers,
    }),
    mails: new Counter({
      name: 'mails_total',
      help: 'Letters to people, by kind and outcome: sent, again (tried later), refused, given_up, late (its link had ended), no_room.',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    signals: signalMetrics(registers),
    maskFailures: counter('decision_log_mask_failures_total', 'Events whose input and result were erased.', registers),
    dropped: counter('decision_log_dropped_total', 'Events of which policy keeps only a stub.', registers),
    logFailures: counter('decision_log_failures_total', 'Events that could not be written.', registers),
    // OPA's name for events that found no room.
    logGap: counter(
      'decision_logs_dropped_buffer_size_limit_bytes_exceeded',
      'Events that were answered and not written; the log keeps a record of the gap.',
      registers,
    ),
    upload: uploadMetrics(registers),
    bundleLoaded: new Counter({
      name: 'bundle_loaded_counter',
      help: 'Bundles activated.',
      labelNames: ['name'],
      registers,
    }),
    bundleFailed: new Counter({
      name: 'bundle_failed_load_counter',
      help: 'Bundles refused, by reason.',
      labelNames: ['name', 'code'],
      registers,
    }),
    bundleActivation: new Gauge({
      name: 'last_success_bundle_activation',
      help: 'When the active bundle was activated, in nanoseconds since the epoch.',
      labelNames: ['name'],
      registers,
    }),
    hashing: hashingMetrics(registers),
    ...tlsMetrics(registers),
    federation: federationMetrics(registers),
    ...limitMetrics(registers),
  }
}

const counter = (name: string, help: string, registers: Registry[]) => new Counter({ name, help, registers })

const federationMetrics = (registers: Registry[]) => ({
  state: new Gauge({
    name: 'federation_breaker_state',
    help: 'Breaker before an identity provider: 0 closed, 1 probing, 2 open.',
    labelNames: ['provider'] as const,
    registers,
  }),
  opened: new Counter({
    name: 'federation_breaker_opened_total',
    help: 'Times the breaker before an identity provider opened.',
    labelNames: ['provider'] as const,
    registers,
  }),
  outcomes: new Counter({
    name: 'federation_sign_ins_total',
    help: 'People who came back from an identity provider: entered, created, to_prove, linked, denied, or what was wrong.',
    labelNames: ['provider', 'outcome'] as const,
    registers,
  }),
})

const limitMetrics = (registers: Registry[]) => ({
  rateLimited: new Counter({
    name: 'rate_limited_total',
    help: 'Requests refused with 429, by endpoint and by what was counted: address, client, person.',
    labelNames: ['endpoint', 'by'],
    registers,
  }),
  throttled: new Counter({
    name: 'throttled_total',
    help: 'Requests refused with 429 since policy throttles where they come from or whose they are: address, subnet, client, person.',
    labelNames: ['by'],
    registers,
  }),
  threatSignals: new Counter({
    name: 'threat_signals_total',
    help: 'Signals of attacks that rose, by name (docs/threats.md).',
    labelNames: ['signal'],
    registers,
  }),
  threatAnswers: new Counter({
    name: 'threat_answers_total',
    help: 'What policy had done about a signal: none, notify, throttle, step_up, revoke_grant, end_session, end_sessions, revoke_user, revoke_client.',
    labelNames: ['signal', 'action'],
    registers,
  }),
  pressure: {
    shed: new Counter({
      name: 'requests_shed_total',
      help: 'Requests refused with 503 under load, by reason: event_loop_lag, in_flight.',
      labelNames: ['reason'],
      registers,
    }),
    inFlight: new Gauge({ name: 'requests_in_flight', help: 'Requests in work.', registers }),
    lag: new Gauge({
      name: 'event_loop_lag_seconds',
      help: 'How late the thread was at the last look, 20 a second.',
      registers,
    }),
  },
})

const tlsMetrics = (registers: Registry[]) => ({
  tlsReloads: new Counter({
    name: 'tls_certificate_reloads_total',
    help: 'Changed certificates, by listener and outcome: taken, refused.',
    labelNames: ['listener', 'outcome'],
    registers,
  }),
  tlsNotAfter: new Gauge({
    name: 'tls_certificate_not_after_seconds',
    help: 'When the certificate of the listener ends, in seconds since the epoch.',
    labelNames: ['listener'],
    registers,
  }),
})

function hashingMetrics(registers: Registry[]): HashingMetrics {
  let load = () => ({ active: 0, waiting: 0 })
  new Gauge({
    name: 'password_hashes',
    help: 'Password hashes, by state: active, waiting.',
    labelNames: ['state'],
    registers,
    collect() {
      const { active, waiting } = load()
      this.set({ state: 'active' }, active)
      this.set({ state: 'waiting' }, waiting)
    },
  })
  return {
    seconds: new Histogram({
      name: 'password_hash_duration_seconds',
      help: 'Duration of one password hash, without its time in the queue.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    refused: counter('password_hashes_refused_total', 'Password hashes refused because too many waited.', registers),
    watch: (next) => {
      load = next
    },
  }
}

function uploadMetrics(registers: Registry[]): UploadMetrics {
  let waiting = (): Waiting => ({ bytes: 0, oldestSeconds: 0 })
  const gauge = (name: string, help: string, member: keyof Waiting) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(waiting()[member])
      },
    })
  gauge('decision_logs_waiting_bytes', 'Bytes of the log that are not uploaded yet.', 'bytes')
  gauge('decision_logs_oldest_waiting_seconds', 'Age of the oldest event that is not uploaded yet.', 'oldestSeconds')
  return {
    chunks: counter('decision_logs_chunks_uploaded', 'Chunks that the service took.', registers),
    failed: counter('decision_logs_chunks_upload_failed', 'Attempts that failed; each is made again.', registers),
    cacheDropped: counter(
      'decision_logs_nd_builtin_cache_dropped',
      'Events that were too large alone and went without nd_builtin_cache.',
      registers,
    ),
    erased: counter('decision_logs_encoding_failure', 'Events that went without input and result.', registers),
    watch: (next) => {
      waiting = next
    },
  }
}
