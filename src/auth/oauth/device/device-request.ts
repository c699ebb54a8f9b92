/** What a device asks for, in the form of an authorization request that waits for its person. RFC 8628 3.1. */
import type { DeviceGrantRecord } from '../../../storage/device-grants.ts'
import type { PendingAuthorization } from '../../session/interaction.ts'

/** Its answer goes to no redirect URI: the device fetches it. */
export const deviceRequest = (
  issuer: string,
  {
    clientId,
    scopes,
    resources,
    createdAt,
  }: Pick<DeviceGrantRecord, 'clientId' | 'scopes' | 'resources' | 'createdAt'>,
): PendingAuthorization => ({ v: 1, clientId, redirectUri: `${issuer}/device`, scopes, resources, createdAt })
