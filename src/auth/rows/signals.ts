/** Rows of streams of security events. */
import type { Route } from '../route.ts'
import type { RouteDeps, Row } from './row.ts'
import { whenAsked } from './when-asked.ts'

/** Where the configuration names streams, or lets clients make some. */
export function signalRows(deps: RouteDeps): Row[] {
  const { streams, managed } = deps.signals
  if (streams.length === 0 && !managed) return []
  const signals = whenAsked(async () => (await import('../signals/ssf/signal-handlers.ts')).signalHandlers(deps))
  const row = (
    method: Route['method'],
    path: string,
    source: string,
    file: string,
    handler: Route['handler'],
    decision: Route['decision'] = 'signal',
  ): Row => [method, path, source, `signals/ssf/${file}.ts`, decision, 'registration', handler]
  const configuration = '/.well-known/ssf-configuration'
  return [
    row('GET', configuration, 'SSF 1.0 7.1', 'ssf-configuration', signals.ssfConfiguration, 'public'),
    ...(managed
      ? [
          row('POST', '/ssf/streams', 'SSF 1.0 8.1.1.1', 'create-stream', signals.createStream),
          row('PATCH', '/ssf/streams', 'SSF 1.0 8.1.1.3', 'update-stream', signals.updateStream),
          row('PUT', '/ssf/streams', 'SSF 1.0 8.1.1.4', 'update-stream', signals.replaceStream),
          row('DELETE', '/ssf/streams', 'SSF 1.0 8.1.1.5', 'delete-stream', signals.deleteStream),
        ]
      : []),
    row('GET', '/ssf/streams', 'SSF 1.0 8.1.1.2', 'read-streams', signals.readStreams),
    row('GET', '/ssf/status', 'SSF 1.0 8.1.2.1', 'stream-status', signals.readStreamStatus),
    row('POST', '/ssf/status', 'SSF 1.0 8.1.2.2', 'stream-status', signals.updateStreamStatus),
    row('POST', '/ssf/verify', 'SSF 1.0 8.1.4.2', 'verify-stream', signals.verifyStream),
    row('POST', '/ssf/poll/:id', 'RFC 8936 2', 'poll', signals.poll),
  ]
}
