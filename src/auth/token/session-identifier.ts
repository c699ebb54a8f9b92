/**
 * `sid`, which names a session to one client: in its ID tokens, its logout tokens and its front-channel logout address.
 * OIDC Front-Channel Logout 3, Back-Channel Logout 2.1. Another for each client, so that two cannot find out from it that
 * they serve the same person (OIDC Core 8.1); the session's own random id is the key and stays with us.
 */
import { createHmac } from 'node:crypto'

export const sessionIdentifier = (sid: string, clientId: string): string =>
  createHmac('sha256', sid).update(clientId).digest('base64url')
