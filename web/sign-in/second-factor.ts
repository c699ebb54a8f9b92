/** The second step of a sign-in: a code of an app, a passkey, a recovery code. Each leads to the others that policy takes. */

import { type Content, type Html, html } from '../html.ts'
import { type Page, type PageParts, page } from '../page.ts'
import { alert, buttons, FAULT, field, hidden } from '../parts/form.ts'
import { SECOND_FACTOR } from '../words/second-factor.ts'
import { SIGN_IN } from '../words/sign-in.ts'
import { words } from '../words/words.ts'
import { CODE_PATTERN } from './code-pattern.ts'

export interface StepView {
  /** Undefined: a page of ours. */
  readonly clientName: string | undefined
  /** Where the authorization ends, for the page's form-action. */
  readonly redirectUri: string
  readonly interactionId: string
  readonly formToken: string
  /** Shown to whoever proved to be its owner; undefined: this step is the first. */
  readonly userName?: string | undefined
  /** Other ways that policy takes instead. */
  readonly offers: readonly string[]
  readonly fault?: StepFault | undefined
  readonly uiLocales?: readonly string[] | undefined
}

/** `user_not_verified`: of passkeys. */
export type StepFault = 'missing' | 'wrong' | 'user_not_verified'

type Step = 'totp' | 'passkey' | 'recovery'

/** By what policy calls the factor. */
const STEPS: Readonly<Record<string, Step>> = { totp: 'totp', passkey: 'passkey', recovery_code: 'recovery' }

const at = (step: Step, id: string): string => `/mfa/${step}?interaction=${encodeURIComponent(id)}`

/** Of who has proven nothing yet, whom the password lets in too. */
const passwordAt = (id: string): string => `/login?interaction=${encodeURIComponent(id)}`

function others(view: StepView, step: Step): Html | false {
  const says = words(SECOND_FACTOR, view.uiLocales)
  if (view.userName === undefined)
    return html`<p class="way"><a href="${passwordAt(view.interactionId)}">${says.byPassword}</a></p>`
  const offered = Object.entries(STEPS).flatMap(([kind, one]) =>
    one !== step && view.offers.includes(kind) ? [one] : [],
  )
  return (
    offered.length > 0 &&
    html`<h2>${says.otherWays}</h2>
<ul class="others">${offered.map((one) => html`<li><a href="${at(one, view.interactionId)}">${says[one].offer}</a></li>`)}</ul>`
  )
}

interface Parts {
  readonly fault: string | undefined
  readonly fields: Content
  readonly form?: Html
  readonly script?: PageParts['script']
}

function stepPage(view: StepView, step: Step, parts: Parts): Page {
  const says = words(SECOND_FACTOR, view.uiLocales)[step]
  const signIn = words(SIGN_IN, view.uiLocales)
  return page({
    title: says.heading,
    faulty: parts.fault !== undefined,
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    script: parts.script,
    content: html`<h1>${says.heading}</h1>
<p class="lead">${signIn.continueTo(view.clientName)}</p>
${view.userName !== undefined && html`<p class="who"><span class="account">${view.userName}</span></p>`}
${parts.fault !== undefined && alert(parts.fault)}<form method="post" action="${at(step, view.interactionId)}"${parts.form}>
${hidden('form_token', view.formToken)}<p class="note">${says.lead}</p>
${parts.fields}${buttons({ words: says.submit, value: 'go_on' }, { words: signIn.cancel, value: 'deny', leaves: true })}
</form>
${others(view, step)}`,
  })
}

const describedBy = (fault: StepFault | undefined) => (fault === undefined ? undefined : FAULT)

const codeFault = (view: StepView, step: 'totp' | 'recovery'): string | undefined => {
  const says = words(SECOND_FACTOR, view.uiLocales)[step]
  return view.fault && (view.fault === 'missing' ? says.missing : says.wrong)
}

export function totpPage(view: StepView): Page {
  const says = words(SECOND_FACTOR, view.uiLocales)
  return stepPage(view, 'totp', {
    fault: codeFault(view, 'totp'),
    fields: html`${field({
      name: 'code',
      label: says.totp.label,
      attributes: html`inputmode="numeric" autocomplete="one-time-code" pattern="${CODE_PATTERN}" maxlength="16" dir="ltr" required autofocus`,
      describedBy: describedBy(view.fault),
    })}
<label class="check"><input type="checkbox" name="remember" value="yes"> ${says.remember}</label>
`,
  })
}

export function recoveryPage(view: StepView): Page {
  const says = words(SECOND_FACTOR, view.uiLocales)
  return stepPage(view, 'recovery', {
    fault: codeFault(view, 'recovery'),
    fields: field({
      name: 'code',
      label: says.recovery.label,
      attributes: html`autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="64" dir="ltr" required autofocus`,
      describedBy: describedBy(view.fault),
    }),
  })
}

export function passkeyPage(view: StepView & { readonly options: object }): Page {
  const says = words(SECOND_FACTOR, view.uiLocales).passkey
  const faults = { missing: says.missing, wrong: says.wrong, user_not_verified: says.notVerified }
  return stepPage(view, 'passkey', {
    fault: view.fault && faults[view.fault],
    fields: html`${hidden('credential', '')}<p class="fault" data-passkey-failed hidden role="alert">${says.failed}</p>
<noscript><p class="fault">${says.needsScript}</p></noscript>
`,
    form: html` data-passkey="assert" data-options="${JSON.stringify(view.options)}"`,
    script: 'passkey.js',
  })
}
