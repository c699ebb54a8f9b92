/** The forms of these pages are bound to this browser like those of a sign-in, which it may never have begun. Checklist 12. */
import type { Page } from '../../../web/page.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { formToken } from '../session/csrf.ts'
import { browserSecret, ensureBrowserSecret } from '../session/interaction.ts'
import { requireOwnForm } from '../sign-in/waiting.ts'

type FormDeps = Parameters<typeof requireOwnForm>[0]

/** The answer shows a form about `about`, and names the browser where it has no name yet. */
export function replyWithForm(
  deps: FormDeps,
  request: HttpRequest,
  status: number,
  about: readonly string[],
  view: (token: string) => Page,
): Reply {
  const { secret, cookie } = ensureBrowserSecret(deps.issuer, request)
  const { headers, body } = view(formToken(secret, ...about))
  return { status, body, headers: { ...headers, ...(cookie !== undefined && { 'set-cookie': cookie }) } }
}

/** Throws access_denied for a form that is not ours or of another browser. */
export const requireForm = (deps: FormDeps, request: HttpRequest, about: readonly string[]): void =>
  requireOwnForm(deps, request, browserSecret(deps.issuer, request) ?? '', ...about)
