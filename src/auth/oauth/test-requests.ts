/** For tests: a client, a form request, and a policy that answers as told. */

import type { HttpRequest } from '../../http/message.ts'
import { noParams, parseParams } from '../../http/params.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { DecisionInput, DecisionName, DecisionResult } from '../../policy-engine/contract/index.ts'
import type { Decide } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { ClientAssertions } from '../client/assertion.ts'
import type { ClientCertificates } from '../client/certificate.ts'

export const NOW = 1_000_000
export const TENANT = 'default'

export const client: ClientRecord = {
  v: 1,
  clientId: 'c',
  name: 'c',
  type: 'confidential',
  secretDigests: [digestOf('secret')],
  active: true,
  firstParty: false,
  redirectUris: ['https://c.example/cb'],
  grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
  scopes: ['openid', 'a'],
  audience: [],
  resources: [],
  roles: ['r'],
  createdAt: 0,
  updatedAt: 0,
  version: 1,
  revocationEpoch: 5,
}

/** A POST of this form by the client. */
export const formRequest = (form: Readonly<Record<string, string>>): HttpRequest => ({
  id: 'request',
  method: 'POST',
  path: '/',
  route: {},
  query: noParams,
  form: parseParams(new URLSearchParams({ client_id: 'c', client_secret: 'secret', ...form }).toString()),
  json: undefined,
  headers: {},
  cookies: {},
  origin: { address: '192.0.2.1', time: { epoch_seconds: NOW, minute_of_day: 0, weekday: 1 } },
  tenant: TENANT,
})

/** For endpoints whose tests authenticate by secret. */
export const noAssertions: ClientAssertions = {
  read: () => ({ fault: 'assertion_malformed', advice: '' }),
  refuse: async () => 'assertion_signature',
}

export const noCertificates: ClientCertificates = { refuse: async () => 'certificate_missing' }

export interface Asked {
  readonly name: DecisionName
  readonly input: unknown
}

/** Policy that gives `answer`, or throws it where it is an error, and keeps what it was asked. */
export function policyThat<N extends DecisionName>(
  name: N,
  answer: DecisionResult<N> | Error,
  asked: Asked[] = [],
): Decide {
  const decide = async (given: DecisionName, input: DecisionInput<DecisionName>) => {
    asked.push({ name: given, input })
    if (answer instanceof Error || given !== name) throw answer
    return { ...answer, decisionId: 'decision', revision: 'revision' }
  }
  return decide as Decide
}
