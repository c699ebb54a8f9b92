/** For tests: what `revoke` and `userinfo` are asked with, about nobody in particular. */
import type { DecisionInput } from './contract/index.ts'

export const REQUEST: DecisionInput<'userinfo'>['request'] = {
  address: '::1',
  time: { epoch_seconds: 1_764_000_000, minute_of_day: 960, weekday: 1 },
}

const token = (of: { readonly client_id?: string; readonly sub?: string }) => ({
  kind: 'access_token' as const,
  active: true,
  client_id: 'c',
  scopes: [],
  audience: [],
  issued_at: 1,
  expires_at: 2,
  ...of,
})

/** A client revokes a token, its own unless there is another `owner`. */
export const askRevoke = (client_id: string, owner = client_id, request = REQUEST): DecisionInput<'revoke'> => ({
  tenant: 'default',
  client: {
    client_id,
    type: 'confidential',
    auth_method: 'client_secret_basic',
    active: true,
    first_party: false,
    requires: ['pkce'],
    grant_types: [],
    scopes: [],
    audience: [],
    resources: [],
    roles: [],
  },
  token: token({ client_id: owner }),
  request,
})

/** A token without a person, unless there is a `sub`. */
export const askUserinfo = (of: { readonly sub?: string } = {}, request = REQUEST): DecisionInput<'userinfo'> => ({
  tenant: 'default',
  endpoint: 'https://auth.example/oauth/userinfo',
  token: token(of),
  holder: { scopes: [] },
  request,
})
