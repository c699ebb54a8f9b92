/**
 * Pushed authorization requests as the authorization endpoint meets them. RFC 9126 4: found by the client that pushed it, while
 * it may begin; spent when it ends in a code or a refusal, so that a reload before does no harm (FAPI 2.0 5.3.2.2).
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest, Params } from '../../http/message.ts'
import { parseParams } from '../../http/params.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import { openUnder, sealUnder } from '../../kernel/sealed.ts'
import type { PushedRequestStore } from '../../storage/port.ts'
import { required } from './parameters.ts'

export const REQUEST_URI_PREFIX = 'urn:ietf:params:oauth:request_uri:'
const SECRET = /^[A-Za-z0-9_-]{43}$/
const PURPOSE = 'what a pushed request asks'

/** What a client asks for by name may be a person: it lies in the store under the secret of which only the digest lies there. */
export interface Asked {
  /** The parameters as they were sent, form-urlencoded, without the client's credentials. */
  readonly parameters: string
  /** Of its id_token_hint, which is not kept itself. */
  readonly onlySub?: string
}

export const sealAsked = (secret: string, asked: Asked): string => sealUnder(secret, PURPOSE, JSON.stringify(asked))

function openAsked(secret: string, sealed: string): Asked {
  const text = openUnder(secret, PURPOSE, sealed)
  if (text === undefined) throw new OAuthError('invalid_request_uri')
  return JSON.parse(text)
}

export interface PushedRequestDeps {
  readonly store: { readonly pushedRequests: Pick<PushedRequestStore, 'find' | 'take'> }
  readonly audit: Audit
}

export interface Sent {
  readonly params: Params
  /** Of a request that was pushed; what else the browser brought with it counts for nothing. */
  readonly pushed?: { readonly digest: string; readonly dpopJkt?: string; readonly onlySub?: string }
}

/** Throws invalid_request_uri, for a page: where the answer could go is not known. */
export async function findSent(deps: PushedRequestDeps, request: HttpRequest): Promise<Sent> {
  const params = request.method === 'POST' ? request.form : request.query
  const requestUri = params.get('request_uri')
  if (!requestUri?.startsWith(REQUEST_URI_PREFIX)) return { params }
  if (params.repeated.has('client_id') || params.repeated.has('request_uri')) throw new OAuthError('invalid_request')
  const clientId = required(params, 'client_id')
  const secret = requestUri.slice(REQUEST_URI_PREFIX.length)
  const digest = digestOf(secret)
  const found = SECRET.test(secret) ? await deps.store.pushedRequests.find(request.tenant, digest) : undefined
  if (found === undefined || found.clientId !== clientId) throw new OAuthError('invalid_request_uri')
  const { dpopJkt, spent, beginsBefore } = found
  if (spent)
    await deps.audit({
      event: 'pushed_request_reuse',
      tenant: request.tenant,
      request_id: request.id,
      client_id: clientId,
    })
  if (spent || beginsBefore <= request.origin.time.epoch_seconds) throw new OAuthError('invalid_request_uri')
  const { parameters, onlySub } = openAsked(secret, found.sealed)
  return {
    params: parseParams(parameters),
    pushed: { digest, ...(dpopJkt !== undefined && { dpopJkt }), ...(onlySub !== undefined && { onlySub }) },
  }
}
