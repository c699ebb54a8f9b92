/** For tests: records of clients and people with nothing special about them; whoever makes one says what there is to it. */
import type { ClientRecord, UserRecord } from './records.ts'

export const plainClient = (of: Partial<ClientRecord> & Pick<ClientRecord, 'clientId' | 'name'>): ClientRecord => ({
  v: 1,
  type: 'confidential',
  secretDigests: [],
  active: true,
  firstParty: false,
  redirectUris: [],
  grantTypes: [],
  scopes: [],
  audience: [],
  resources: [],
  roles: [],
  createdAt: 1,
  updatedAt: 1,
  version: 1,
  revocationEpoch: 7,
  ...of,
})

export const plainUser = (of: Partial<UserRecord> & Pick<UserRecord, 'sub' | 'userName'>): UserRecord => ({
  v: 1,
  active: true,
  roles: ['user'],
  profile: {},
  createdAt: 1,
  updatedAt: 1,
  version: 1,
  revocationEpoch: 3,
  ...of,
})
