import { expect, test } from 'vitest'
import { consentsPage } from './account/consents.ts'
import { consentPage } from './consent.ts'
import { errorPage } from './error.ts'
import { html, keepWordsWhole } from './html.ts'
import { onward, type Page, page } from './page.ts'
import { recoveryCodesPage } from './sign-in/enrol.ts'
import { signInPage } from './sign-in/sign-in.ts'
import { signedOutPage, signOutPage } from './sign-out.ts'

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='x'>&amp;`

const signIn = (fault?: Parameters<typeof signInPage>[0]['fault']) =>
  signInPage({
    clientName: HOSTILE,
    redirectUri: 'https://app.example/cb',
    interactionId: HOSTILE,
    formToken: HOSTILE,
    passkeyToken: HOSTILE,
    userName: HOSTILE,
    fault,
  })

const consent = () =>
  consentPage({
    clientName: HOSTILE,
    selfRegistered: true,
    redirectUri: 'https://app.example:8443/cb?x=1',
    accountName: HOSTILE,
    scopes: ['openid', HOSTILE],
    claims: [HOSTILE],
    interactionId: HOSTILE,
    formToken: HOSTILE,
  })

const everyPage = () => [
  signIn(),
  signIn('wrong'),
  signIn('noUserName'),
  consent(),
  errorPage({ status: 400, code: HOSTILE, description: HOSTILE, requestId: HOSTILE }),
  signOutPage({ accountName: HOSTILE, formToken: HOSTILE }),
  signedOutPage(),
]

test.each([
  [7, 'It works again in 7 seconds.'],
  [59.2, 'It works again in 60 seconds.'],
  [61, 'It works again in 2 minutes.'],
  [3600, 'It works again in 1 hour.'],
])('who has to wait %d seconds reads for how long, and has a link to try again', (retryAfterSeconds, wait) => {
  const { body } = errorPage({ status: 429, code: 'slow_down', description: 'Too many requests.', retryAfterSeconds })
  expect(body).toContain(wait)
  expect(body).toContain('<a href="">Try again</a>')
})

test('a request that cannot go on leads to the account, and is not tried again', () => {
  const { body } = errorPage({ status: 400, code: 'invalid_request', description: 'No.' })
  expect(body).toContain('<a href="/account">Go to your account</a>')
  expect(body).not.toContain('href=""')
})

const own = { clientId: 'own', name: 'Intranet', firstParty: true, selfRegistered: false, scopes: [], formToken: 't' }
const agreed = { grantedAt: 0, expiresAt: 9 }
test.each([
  ['an app of ours without any grant', { ...own, grants: [] }, false],
  ['one of ours that was once agreed to, without any grant', { ...own, grants: [], consent: agreed }, false],
  ['one of ours in use', { ...own, grants: [{ grantId: 'g', scopes: [], since: 0, formToken: 't' }] }, true],
  ['another app that is agreed to', { ...own, firstParty: false, grants: [], consent: agreed }, true],
])('access is offered to be withdrawn where there is some: %s', (_what, app, isOffered) => {
  const { body } = consentsPage({ frame: { accountName: 'ada', paths: new Set() }, apps: [app] })
  expect(body.includes('/account/consents/withdraw')).toBe(isOffered)
})

test('the sheet of recovery codes says where, whose and from when it is, on the page and in its file', () => {
  const { body } = recoveryCodesPage({
    codes: ['AAAA-1'],
    site: 'auth.example.com',
    accountName: HOSTILE,
    madeAt: 1_780_000_000,
    timeZone: 'Europe/Berlin',
    goesOnTo: '/account/factors',
  })
  for (const text of ['auth.example.com', String(html`<bdi>${HOSTILE}</bdi>`), '28 May 2026, 22:26'])
    expect(body).toContain(text)
  const file = /href="data:text\/plain;charset=utf-8,([^"]*)" download="recovery-codes.txt"/.exec(body)?.[1] ?? ''
  expect(decodeURIComponent(file.replaceAll('&#39;', "'")).split('\r\n')).toEqual([
    'Site: auth.example.com',
    `Account: ${HOSTILE}`,
    'Made: 2026-05-28T20:26:40.000Z',
    '',
    'AAAA-1',
    '',
  ])
})

const withoutOurScript = (body: string): string =>
  body.replace(
    /<script nonce="[A-Za-z0-9+/=]{24}" src="\/assets\/[A-Za-z0-9_-]{22}\/[a-z-]+\.js" defer><\/script>\n/g,
    '',
  )

test('what is not markup of ours is escaped, in text and in attributes', () => {
  for (const { body } of everyPage()) {
    expect(withoutOurScript(body)).not.toMatch(/<script|<img|onerror='/)
    expect(body).not.toContain('&amp;amp;amp;')
  }
  expect(html`<p title="${'"\'<>&'}">${[1, 'a<b', html`<b>${'x>y'}</b>`, undefined, false]}</p>`.toString()).toBe(
    '<p title="&quot;&#39;&lt;&gt;&amp;">1a&lt;b<b>x&gt;y</b></p>',
  )
})

test('every page forbids scripts, frames, caching and referrers, under a new nonce (checklist 10, 11)', () => {
  const nonces = new Set<string>()
  for (const { headers, body } of everyPage()) {
    const policy = headers['content-security-policy'] ?? ''
    const nonce = /style-src 'nonce-([A-Za-z0-9+/]{22}==)'/.exec(policy)?.[1] ?? ''
    nonces.add(nonce)
    expect(body).toContain(`<style nonce="${nonce}">`)
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("base-uri 'none'")
    expect(policy).not.toMatch(/unsafe/)
    expect(policy.match(/script-src [^;]*/)?.[0] ?? `script-src 'nonce-${nonce}'`).toBe(`script-src 'nonce-${nonce}'`)
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(withoutOurScript(body)).not.toMatch(/ style="| on[a-z]+="|https?:\/\//)
  }
  expect(nonces.size).toBe(everyPage().length)
})

test('a form leads to ourselves, and on to other sites only where a client waits (CSP form-action)', () => {
  const formAction = (at: Page) => /form-action ([^;]*)/.exec(at.headers['content-security-policy'] ?? '')?.[1]
  expect(formAction(signIn())).toBe("'self' https:")
  expect(formAction(consent())).toBe("'self' https:")
  expect(formAction(signedOutPage())).toBe("'self'")
  expect(onward('http://127.0.0.1:7777/cb')).toEqual(['https:', 'http:'])
  expect(onward('com.example.app:/cb')).toEqual(['com.example.app:'])
  expect(onward('https://app.example;script-src/cb')).toEqual(['https:'])
})

test('a redirect URI cannot add directives to the policy', () => {
  const { headers } = page({
    title: 't',
    content: 'c',
    leadsTo: "https://app.example/;%20script-src%20'unsafe-inline'",
  })
  expect(headers['content-security-policy']?.split(';')).toHaveLength(6)
})

test('labels belong to their fields, and an error is tied to the field that it concerns (WCAG 3.3.1)', () => {
  const both = signIn('wrong').body
  expect(both.match(/aria-invalid="true" aria-describedby="form-fault"/g)).toHaveLength(1)
  expect(both).toContain('role="alert" id="form-fault"')
  const one = signIn('noUserName').body
  expect(one.match(/ aria-invalid="true"/g)).toHaveLength(1)
  expect(one).toContain('aria-describedby="username-fault"')
  expect(one).toMatch(/id="username-fault">Enter your user name or .*e-mail.* address\./)
  expect(one).toContain('<label for="username">')
})

test('the consent page names client, account, scopes in words and the host that the answer goes to (checklist 16)', () => {
  const { body } = consentPage({
    clientName: 'Photo Prints',
    selfRegistered: false,
    redirectUri: 'https://prints.example/cb',
    accountName: 'ada',
    scopes: ['openid', 'email', 'prints:order'],
    claims: ['birthdate'],
    interactionId: 'i',
    formToken: 't',
  })
  for (const text of [
    'Photo Prints',
    'prints.example',
    'ada',
    '<li>See your <span class="whole">e-mail</span> address</li>',
    '<code>prints:order</code>',
    'date of birth',
  ])
    expect(body).toContain(text)
  const inOrder = consentPage({
    clientName: 'Photo Prints',
    selfRegistered: false,
    redirectUri: 'https://prints.example/cb',
    accountName: 'ada',
    scopes: ['email', 'offline_access', 'openid', 'prints:order'],
    claims: [],
    interactionId: 'i',
    formToken: 't',
  }).body
  expect(inOrder).toMatch(/Know that it is you.*e-mail.*prints:order.*while you are away/s)
  expect(body).not.toMatch(/registered itself|how it handles|its terms/)
})

test('the consent page says of a client that registered itself that nobody checked its name (RFC 7591 5; checklist 16)', () => {
  const view = {
    clientName: 'Photo Prints',
    selfRegistered: true,
    redirectUri: 'https://evil.example/cb',
    accountName: 'ada',
    claims: [],
    scopes: ['openid'],
    interactionId: 'i',
    formToken: 't',
  }
  const { body } = consentPage({
    ...view,
    policyUri: 'https://evil.example/data',
    tosUri: 'https://evil.example/terms',
  })
  expect(body).toContain('nobody has checked its name')
  expect(body.match(/<strong>evil\.example<\/strong>/g)).toHaveLength(2)
  for (const path of ['data', 'terms'])
    expect(body).toContain(`<a href="https://evil.example/${path}" rel="noreferrer">`)
  expect(consentPage(view).body).not.toContain('rel="noreferrer"')
})

test('the word e-mail is kept whole on a line where it is text, and left alone in addresses and attributes', () => {
  const content = html`<p title="e-mail">Your E-Mail-Adresse, and an e-mail<br>to e-mail@example.com, re-mail</p><b>${'e-mail <'}</b>`
  const whole = (word: string) => `<span class="whole">${word}</span>`
  expect(keepWordsWhole(content).toString()).toBe(
    `<p title="e-mail">Your ${whole('E-Mail')}-Adresse, and an ${whole('e-mail')}<br>to e-mail@example.com, re-mail</p><b>${whole('e-mail')} &lt;</b>`,
  )
})
