/** The pages of the device grant: the code, what it stands for, and that it is answered. RFC 8628 3.3. */
import { html } from './html.ts'
import { type Page, page } from './page.ts'
import { inReadingOrder, scopeWords } from './scope-words.ts'

export interface DeviceCodeView {
  readonly fault?: 'unknown' | undefined
}

export function deviceCodePage({ fault }: DeviceCodeView): Page {
  return page({
    title: fault ? 'Error: Connect a device' : 'Connect a device',
    content: html`<h1>Connect a device</h1>
<p class="lead">Type the code that your device shows.</p>
${fault && html`<div class="alert" role="alert" id="user_code-fault"><p>This code is not known, was answered, or has expired. Look at your device again.</p></div>`}
<form method="get" action="/device">
<div class="field">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" type="text" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="20" placeholder="XXXX-XXXX" required autofocus${fault && html` aria-invalid="true" aria-describedby="user_code-fault"`}>
</div>
<div class="actions"><button class="primary" type="submit">Continue</button></div>
</form>`,
  })
}

export interface DeviceConfirmView {
  readonly clientName: string
  readonly selfRegistered: boolean
  readonly accountName: string
  readonly userCode: string
  /** Where the device asks from. */
  readonly address: string
  /** It is the network that this browser is in. */
  readonly sameNetwork: boolean
  /** Seconds since the Unix epoch. */
  readonly askedAt: number
  readonly scopes: readonly string[]
  readonly formToken: string
}

export function deviceConfirmPage(view: DeviceConfirmView): Page {
  const asked = new Date(view.askedAt * 1000)
  return page({
    title: 'Connect this device?',
    content: html`<h1>Connect this device?</h1>
<p class="lead"><strong>${view.clientName}</strong> asks for access to your account <strong class="account">${view.accountName}</strong>.</p>
<dl class="facts">
<dt>Code</dt><dd><code>${view.userCode}</code></dd>
<dt>Asked from</dt><dd>${view.address}${view.sameNetwork ? ' (the network that you are in)' : ' (another network than yours)'}</dd>
<dt>Asked at</dt><dd><time datetime="${asked.toISOString()}">${asked.toISOString().slice(11, 16)} UTC</time></dd>
</dl>
${view.selfRegistered && html`<p class="note">This application registered itself, and nobody has checked its name.</p>`}
<h2 id="scopes">If you allow it, it can</h2>
<ul class="scopes" aria-labelledby="scopes">${inReadingOrder(view.scopes).map((scope) => html`<li>${scopeWords(scope) ?? html`Use the permission <code>${scope}</code>`}</li>`)}</ul>
<p class="note"><strong>Allow it only if you started this yourself, and the device in front of you shows this code.</strong> Who sent you a link or a code wants your account.</p>
<form method="post" action="/device/confirm">
<input type="hidden" name="form_token" value="${view.formToken}">
<input type="hidden" name="user_code" value="${view.userCode}">
<div class="actions">
<button class="primary" type="submit" name="answer" value="allow">Allow</button>
<button type="submit" name="answer" value="deny">Don’t allow</button>
</div>
</form>`,
  })
}

export const deviceAnsweredPage = ({ allowed }: { readonly allowed: boolean }): Page =>
  page({
    title: allowed ? 'Device connected' : 'Device not connected',
    content: html`<h1>${allowed ? 'Your device is connected' : 'Your device is not connected'}</h1>
<p class="lead">${allowed ? 'Go back to it: it goes on in a few seconds.' : 'It gets no access to your account.'} You can close this page.</p>`,
  })
