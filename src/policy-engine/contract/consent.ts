/** `consent`: may what the person granted on the consent page be kept and used? OIDC Core 3.1.2.4. */
import { Type } from '../../schema/type.ts'
import { closed, decision, strings } from './decision.ts'
import { Authentication, Client, RequestFacts, Subject, Tenant } from './facts.ts'
import { ClientRisk, Device, RequestedLevels, Risk } from './risk.ts'

export const consent = decision('consent', {
  askedBy: 'src/auth/login/consent.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      client: Client,
      subject: Subject,
      authentication: Authentication,
      /** What the page asked for, and the levels that the client wants of the sign-in; a device wants none. */
      requested: Type.Object(
        { scopes: strings(), claims: Type.Optional(strings()), ...RequestedLevels.properties },
        closed,
      ),
      /** What the person agreed to: a subset of what was asked for. */
      granted: Type.Object({ scopes: strings(), claims: Type.Optional(strings()) }, closed),
      /** Of the client. */
      risk: ClientRisk,
      /** Of who agrees, and of the browser that they agree in. */
      person_risk: Risk,
      device: Device,
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    client_inactive: 'unauthorized_client',
    tenant_not_allowed: 'access_denied',
    subject_inactive: 'access_denied',
    phishing_suspected: 'access_denied',
    scope_not_allowed: 'invalid_scope',
    claim_not_allowed: 'access_denied',
    nothing_granted: 'access_denied',
  },
  obligations: Type.Object(
    {
      scopes: strings(),
      claims: strings(),
      /** How long the answer is remembered; 0 asks every time. */
      remember_seconds: Type.Integer({ minimum: 0, maximum: 365 * 24 * 3600 }),
    },
    closed,
  ),
})
