/**
 * For tests: what other parties keep secret with us, used rightly, as secrets to look for: credentials of who receives security
 * events and what they are sent, and a client that shows a certificate. SSF 1.0, RFC 8705.
 */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate, makeCertificates } from '../servers/certificates.ts'
import type { Deployment } from '../servers/deployment.ts'
import { type EventSink, startEventSink } from '../servers/event-sink.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import type { Canaries } from './canaries.ts'
import { createWith } from './canary-walk.ts'
import { codeFor, post } from './requests.ts'
import { callWith } from './security-events.ts'

const SUBJECT = '/O=Shop/CN='

export interface Parties {
  /** What a deployment is told of them. */
  readonly settings: Readonly<Record<string, object>>
  /** Throws where a step fails. */
  walk(deployment: Deployment, admin: string): Promise<void>
  close(): Promise<void>
}

export async function openParties(canaries: Canaries): Promise<Parties> {
  const folder = mkdtempSync(join(tmpdir(), 'parties-'))
  const certificates = await makeCertificates(folder)
  const person = canaries.make('name in a certificate').slice(0, 64)
  const { certFile } = await makeCertificate(folder, 'client', {
    subject: `${SUBJECT}${person}`,
    extensions: 'extendedKeyUsage=clientAuth',
  })
  const sink = await startEventSink(certificates)
  const secrets = {
    webhook: Buffer.from(canaries.make('webhook')).toString('base64'),
    push: `Bearer ${canaries.make('credential of a push')}`,
  }
  canaries.watch('secret of a webhook', secrets.webhook)
  writeFileSync(join(folder, 'webhook'), `whsec_${secrets.webhook}\n`)
  writeFileSync(join(folder, 'push'), secrets.push)
  const url = `${sink.url}/${canaries.make('path of a receiver')}`
  const push = { url, authorization_file: join(folder, 'push') }
  return {
    settings: {
      auth: { trusted_proxies: ['127.0.0.1', '::1'], mtls: { from: 'header', ca_file: certificates.caFile } },
      egress: { clients: { allow: ['localhost'], ca_file: certificates.caFile } },
      security_events: {
        webhooks: [{ name: 'siem', url, secret_file: join(folder, 'webhook') }],
        streams: [{ name: 'test', client_id: 'receiver', push }],
        manage_streams: true,
      },
    },
    walk: async (deployment, admin) => {
      await showCertificate(deployment, canaries, admin, { certFile, person })
      await receiveEvents(deployment, canaries, sink)
    },
    close: async () => {
      await sink.shut()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As a proxy hands it on (RFC 9440); its token is good with it alone. */
async function showCertificate(
  { issuer }: Deployment,
  canaries: Canaries,
  admin: string,
  { certFile, person }: { readonly certFile: string; readonly person: string },
): Promise<void> {
  const der = new X509Certificate(readFileSync(certFile)).raw.toString('base64')
  canaries.watch('certificate', der.slice(-60, -4))
  const made = await createWith(`${issuer}/admin/clients`, admin, {
    name: 'Canary with a certificate',
    type: 'confidential',
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: `CN=${person},O=Shop`,
    tls_client_certificate_bound_access_tokens: true,
    grant_types: ['client_credentials'],
    scopes: ['scim'],
    audience: ['urn:sallyport:platform'],
    roles: ['platform_admin'],
  })
  const shown = { 'client-cert': `:${der}:` }
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: String(made.client_id) })
  const answer = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers: shown, body: form })
  const body: Record<string, unknown> = JSON.parse(await answer.text())
  if (answer.status !== 200) throw new Error(`a certificate is answered ${answer.status} ${JSON.stringify(body)}`)
  const token = String(body.access_token)
  canaries.watch('token bound to a certificate', token)
  const authorization = `Bearer ${token}`
  const statuses = []
  for (const headers of [{ ...shown, authorization }, { authorization }])
    statuses.push((await fetch(`${issuer}/scim/v2/Users?count=1`, { headers })).status)
  if (String(statuses) !== '200,401') throw new Error(`a bound token is answered ${statuses}`)
}

/** A stream that its receiver made, with a credential; what is pushed, and what the webhook is sent. */
async function receiveEvents(deployment: Deployment, canaries: Canaries, sink: EventSink): Promise<void> {
  const { issuer, population } = deployment
  const token = await clientToken(issuer, population.receiver, 'ssf.read ssf.manage')
  canaries.watch('token of a receiver', token)
  const call = callWith(issuer, token)
  const credential = `Bearer ${canaries.make('credential of a stream')}`
  const made = await call('POST', '/ssf/streams', {
    delivery: {
      method: 'urn:ietf:rfc:8935',
      endpoint_url: `${sink.url}/${canaries.make('path of a stream')}`,
      authorization_header: credential,
    },
  })
  if (made.status !== 201) throw new Error(`a stream is answered ${made.status} ${JSON.stringify(made.body)}`)
  const state = canaries.make('state of a verification')
  await call('POST', '/ssf/verify', { stream_id: made.body.stream_id, state })
  const { code, form } = await codeFor(deployment, population.web, 'openid offline_access')
  canaries.watch('code of a person that events are about', code)
  await post(deployment, '/oauth/token', population.web, form)
  const failed = { id: population.web.id, secret: canaries.make('wrong client secret') }
  await post(deployment, '/oauth/token', failed, { grant_type: 'client_credentials' })
  const sent = (header: string) => sink.kept.filter(({ headers }) => headers[header] !== undefined)
  await until(async () => sent('authorization').length > 0 && sent('webhook-signature').length > 0, 'events are told')
  for (const { body, headers } of sink.kept) {
    const signature = headers['webhook-signature']
    if (typeof signature === 'string') canaries.watch('signature of a webhook', signature.slice(3))
    else canaries.watch('signature of a security event token', body.split('.').at(-1) ?? '')
  }
  const answered = await call('DELETE', `/ssf/streams?stream_id=${made.body.stream_id}`)
  if (answered.status !== 204) throw new Error(`a stream is deleted with ${answered.status}`)
}
