/**
 * Connects to an address that was judged, and to no other: the name is not looked up again between judgement and connection
 * (DNS rebinding). TLS 1.3 where the peer has it, never under 1.2.
 */
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import type { buildConnector } from 'undici'
import type { AllowList } from './allow-list.ts'
import { EgressError, type EgressTls } from './egress.ts'
import { refuseUnpinned } from './pins.ts'
import { type LookUp, type Resolved, resolveTarget } from './resolve.ts'

/** Deadlines of requests end them sooner; this ends what no request waits for any more. */
const CONNECT_MS = 30_000

export function createConnector(allow: AllowList, lookUp: LookUp, tls: EgressTls): buildConnector.connector {
  let secure: SecureContext | undefined
  return ({ hostname, protocol, port: given, servername }, callback) => {
    const isTls = protocol === 'https:'
    const port = Number(given) || (isTls ? 443 : 80)
    const open = async (): Promise<Socket> => {
      const addresses = await resolveTarget(allow, { host: plainHost(hostname), port }, lookUp)
      if (!isTls) return connectTcp({ ...destination(hostname, addresses), port })
      secure ??= secureContext(tls)
      // An address has no name to show (RFC 6066 3).
      const name = tls.serverName ?? (servername || hostname)
      const socket = connectTls({
        ...destination(hostname, addresses),
        port,
        ...(isIP(name) === 0 && { servername: name }),
        secureContext: secure,
        rejectUnauthorized: tls.insecure !== true,
        ALPNProtocols: ['http/1.1'],
      })
      // Before undici hears of the connection: nothing is sent to a server that is not the one.
      if (tls.pins) refuseUnpinned(socket, hostname, tls.pins)
      return socket
    }
    open().then(
      (socket) => settle(socket, isTls, callback),
      (error: Error) => callback(error, null),
    )
  }
}

/** As the allow-list knows it. */
export const plainHost = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')

/** The host goes into the certificate's check; the addresses are what the socket gets where it would look the host up. */
function destination(hostname: string, addresses: readonly Resolved[]) {
  const [first] = addresses
  const lookup: LookupFunction = (_host, options, callback) =>
    options.all === true ? callback(null, [...addresses]) : callback(null, first?.address ?? '', first?.family)
  const host = isIP(hostname) === 0 ? hostname : (first?.address ?? hostname)
  return { host, lookup, autoSelectFamily: true, noDelay: true, keepAlive: true }
}

function secureContext({ ca, cert, key }: EgressTls): SecureContext {
  try {
    return createSecureContext({
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
    })
  } catch (cause) {
    throw new EgressError('invalid', 'the certificates or the key cannot be read, or do not fit', { cause })
  }
}

function settle(socket: Socket, isTls: boolean, callback: buildConnector.Callback): void {
  const late = setTimeout(() => socket.destroy(new EgressError('timeout', 'no connection in time')), CONNECT_MS)
  late.unref()
  let pending = true
  socket.once(isTls ? 'secureConnect' : 'connect', () => {
    clearTimeout(late)
    if (socket.destroyed) return
    pending = false
    callback(null, socket)
  })
  socket.on('error', (error) => {
    clearTimeout(late)
    if (!pending) return
    pending = false
    callback(error, null)
  })
}
