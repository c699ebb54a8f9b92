/*
 * WebAuthn in our pages: the options stand in the form or are fetched for autofill, the answer goes back in a hidden field.
 * WebAuthn Level 3 5.1. A browser that cannot, or a person who declines, is left with the rest of the page.
 */
const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const described = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }))

const creationOptions = (json) => ({
  ...json,
  challenge: toBytes(json.challenge),
  user: { ...json.user, id: toBytes(json.user.id) },
  excludeCredentials: described(json.excludeCredentials),
})
const requestOptions = (json) => ({
  ...json,
  challenge: toBytes(json.challenge),
  allowCredentials: described(json.allowCredentials),
})

const attested = ({ clientDataJSON, attestationObject, getTransports }, response) => ({
  clientDataJSON: toText(clientDataJSON),
  attestationObject: toText(attestationObject),
  transports: getTransports ? response.getTransports() : [],
})
const asserted = ({ clientDataJSON, authenticatorData, signature, userHandle }) => ({
  clientDataJSON: toText(clientDataJSON),
  authenticatorData: toText(authenticatorData),
  signature: toText(signature),
  ...(userHandle?.byteLength > 0 && { userHandle: toText(userHandle) }),
})

/** Forms that are just being sent with what the authenticator said. */
const answered = new WeakSet()

/** By a `submit` that send-once.js hears, where the browser can. */
function send(form, credential, response, button) {
  const { id, type } = credential
  form.elements.credential.value = JSON.stringify({ id, rawId: id, type, response })
  if (!form.requestSubmit) return form.submit()
  answered.add(form)
  form.requestSubmit(button)
  answered.delete(form)
}

/** An authenticator that has one of the account's passkeys says so to nobody but its user (WebAuthn Level 3 5.1.3). */
function tell(form, cause) {
  const [held, failed] = ['held', 'failed'].map((what) => form.querySelector(`[data-passkey-${what}]`))
  const isHeld = cause?.name === 'InvalidStateError' && held !== null
  if (held) held.hidden = !isHeld
  if (failed) failed.hidden = isHeld
}

async function register(form, button) {
  const publicKey = creationOptions(JSON.parse(form.dataset.options))
  const credential = await navigator.credentials.create({ publicKey })
  send(form, credential, attested(credential.response, credential.response), button)
}

async function assert(form, button) {
  const publicKey = requestOptions(JSON.parse(form.dataset.options))
  const credential = await navigator.credentials.get({ publicKey })
  send(form, credential, asserted(credential.response), button)
}

/** A challenge lives for five minutes, and the page for longer. */
const RENEWED_MS = 4 * 60 * 1000

/** What was chosen; undefined: nothing, for as long as the challenge is good. */
async function suggested(publicKey) {
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(), RENEWED_MS)
  try {
    return await navigator.credentials.get({ publicKey, mediation: 'conditional', signal: waiting.signal })
  } catch (cause) {
    if (waiting.signal.aborted) return undefined
    throw cause
  } finally {
    clearTimeout(timer)
  }
}

/** Passkeys among the suggestions of the name field: nothing is shown where there is none. */
async function autofill(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  const body = new URLSearchParams({ form_token: form.elements.form_token.value })
  let credential
  while (!credential) {
    const answer = await fetch(form.dataset.options, { method: 'POST', body })
    if (!answer.ok) return
    credential = await suggested(requestOptions(await answer.json()))
  }
  send(form, credential, asserted(credential.response))
}

/** The form's button asks the authenticator; a press while it is being asked does nothing. */
function ask(form) {
  const run = form.dataset.passkey === 'register' ? register : assert
  let isAsking = false
  form.addEventListener('submit', (event) => {
    if (event.submitter?.value === 'deny' || answered.has(form)) return
    event.preventDefault()
    if (isAsking) return
    isAsking = true
    run(form, event.submitter ?? undefined)
      .catch((cause) => tell(form, cause))
      .finally(() => {
        isAsking = false
      })
  })
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!window.PublicKeyCredential) tell(form)
  else if (form.dataset.passkey === 'autofill') autofill(form).catch(() => undefined)
  else ask(form)
}
