/** Whom an `id_token_hint` names. OIDC Core 3.1.2.1: an ID token of ours for this client, which may have expired. */
import { OAuthError } from '../../kernel/errors.ts'
import { readIdTokenHint } from '../token/id-token-hint.ts'

export type IdTokenHintDeps = Parameters<typeof readIdTokenHint>[0]

/** As that client reads them. Throws invalid_request for whatever is no ID token of ours for this client. */
export async function subjectOfHint(
  deps: IdTokenHintDeps,
  clientId: string,
  text: string | undefined,
): Promise<string | undefined> {
  if (text === undefined) return undefined
  const hint = await readIdTokenHint(deps, text)
  if (hint?.clientId !== clientId)
    throw new OAuthError('invalid_request', {
      detail: 'The id_token_hint is no ID token of this provider for this client.',
    })
  return hint.sub
}
