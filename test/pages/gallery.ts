/**
 * Every page in every state that looks different, with what stands on it as it might in life. A page of web/ that is not here
 * turns test/pages/every-page.test.ts red, which names it.
 */
import { consentPage } from '../../web/consent.ts'
import { deviceAnsweredPage, deviceCodePage, deviceConfirmPage } from '../../web/device.ts'
import { errorPage } from '../../web/error.ts'
import { formPostPage } from '../../web/form-post.ts'
import {
  addressTakenPage,
  forgotPage,
  linkDonePage,
  linkEndedPage,
  linkSentPage,
  noMailPage,
  resetPage,
  stopEmailChangePage,
  verifyEmailPage,
} from '../../web/mail-links.ts'
import { notSignedInPage } from '../../web/not-signed-in.ts'
import { enrolChoicePage, enrolPasskeyPage, enrolTotpPage, recoveryCodesPage } from '../../web/sign-in/enrol.ts'
import { accountExistsPage, federationFailedPage, linkPage } from '../../web/sign-in/federation.ts'
import { passwordPage } from '../../web/sign-in/password.ts'
import { passkeyPage, recoveryPage, totpPage } from '../../web/sign-in/second-factor.ts'
import { selectAccountPage } from '../../web/sign-in/select-account.ts'
import { signInPage } from '../../web/sign-in/sign-in.ts'
import { signedOutPage, signOutPage, staysSignedInPage } from '../../web/sign-out.ts'
import { ACCOUNT_GALLERY } from './account-gallery.ts'
import { AT, accountName, formToken, providers, type Shown } from './ada.ts'

const interactionId = 'aW50ZXJhY3Rpb24gb2YgdGhlIGdhbGxlcnk'

const redirectUri = 'https://prints.example/callback'

const step = { clientName: 'Photo Prints', redirectUri, interactionId, formToken }

const signIn = { ...step, passkeyToken: formToken }

const secondStep = { ...step, userName: accountName, offers: ['totp', 'passkey', 'recovery_code'] }

/** The finder patterns of a QR code are enough to see where it is. */
const qr = { size: 29, path: 'M0 0h7v7h-7zM22 0h7v7h-7zM0 22h7v7h-7zM9 9h11v11h-11z' }

const enrolment = { query: `?interaction=${interactionId}`, formToken, leadsTo: redirectUri }

const enrolTotp = {
  ...enrolment,
  enrolment: 'e1',
  qr,
  secret: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
  uri: 'otpauth://totp/Sallyport:ada?secret=JBSWY3DPEHPK3PXP',
}

const consent = {
  ...step,
  selfRegistered: false,
  accountName,
  scopes: ['openid', 'email', 'orders:read', 'offline_access'],
  claims: ['birthdate'],
}

const device = {
  clientName: 'Sallyport CLI',
  selfRegistered: true,
  accountName,
  userCode: 'WDJB-MJHT',
  address: '203.0.113.0/24',
  sameNetwork: false,
  askedAt: AT,
  scopes: ['openid', 'offline_access'],
  formToken,
}

const link = { link: 'bGluayBvZiB0aGUgZ2FsbGVyeQ', formToken }

export const GALLERY: Readonly<Record<string, Shown>> = {
  signInPage: {
    first: () => signInPage(signIn),
    wrong: () => signInPage({ ...signIn, userName: 'ada', fault: 'wrong' }),
    empty: () => signInPage({ ...signIn, fault: 'noUserName' }),
    providers: () => signInPage({ ...signIn, providers }),
  },
  passwordPage: {
    first: () => passwordPage({ ...step, userName: accountName, offers: ['passkey'], canReset: true }),
    wrong: () => passwordPage({ ...step, userName: accountName, offers: [], fault: 'wrong' }),
    missing: () => passwordPage({ ...step, userName: accountName, offers: [], fault: 'missing' }),
  },
  noMailPage: { first: () => noMailPage() },
  forgotPage: {
    first: () => forgotPage({ formToken }),
    empty: () => forgotPage({ formToken, fault: 'noUserName' }),
  },
  linkSentPage: { first: () => linkSentPage() },
  resetPage: {
    first: () => resetPage(link),
    stopped: () => resetPage({ ...link, after: 'stopped' }),
    short: () => resetPage({ ...link, fault: { kind: 'too_short', leastCharacters: 8 } }),
    breached: () => resetPage({ ...link, fault: { kind: 'breached', leastCharacters: 8 } }),
  },
  stopEmailChangePage: { first: () => stopEmailChangePage(link) },
  verifyEmailPage: { first: () => verifyEmailPage(link) },
  linkDonePage: {
    password: () => linkDonePage('password', []),
    email: () => linkDonePage('email', []),
  },
  addressTakenPage: { first: () => addressTakenPage() },
  linkEndedPage: {
    password: () => linkEndedPage('/password/forgot'),
    email: () => linkEndedPage('/account'),
  },
  selectAccountPage: { first: () => selectAccountPage({ ...step, accountName }) },
  notSignedInPage: { first: () => notSignedInPage() },
  consentPage: {
    known: () => consentPage(consent),
    stranger: () =>
      consentPage({
        ...consent,
        selfRegistered: true,
        policyUri: 'https://prints.example/privacy',
        tosUri: 'https://prints.example/terms',
      }),
  },
  signOutPage: {
    own: () => signOutPage({ accountName, formToken }),
    dotted: () => signOutPage({ accountName: 'Ada Lovelace Jr.', formToken }),
    asked: () => signOutPage({ accountName, formToken, clientName: 'Photo Prints', leadsTo: redirectUri }),
  },
  signedOutPage: {
    here: () => signedOutPage(),
    there: () => signedOutPage({ alsoAt: { name: 'Google', formToken, origin: 'https://accounts.example' } }),
  },
  staysSignedInPage: { first: () => staysSignedInPage() },
  formPostPage: { first: () => formPostPage({ redirectUri, fields: [['code', 'c']] }) },
  errorPage: {
    client: () =>
      errorPage({
        status: 400,
        code: 'invalid_request',
        description: 'The redirect_uri is not registered for this client.',
        requestId: '5f0c1f4e-3c1b-4c43-9a51-0d7d1f1f4f10',
      }),
    denied: () => errorPage({ status: 403, code: 'access_denied', description: 'The request was denied.' }),
    nothing: () => errorPage({ status: 404, code: 'not_found', description: 'There is no such thing.' }),
    busy: () => errorPage({ status: 429, code: 'slow_down', description: 'Too many requests.', requestId: 'r-1' }),
    waiting: () =>
      errorPage({ status: 429, code: 'slow_down', description: 'Too many requests.', retryAfterSeconds: 610 }),
    away: () => errorPage({ status: 503, code: 'temporarily_unavailable', description: 'Away.', requestId: 'r-2' }),
  },
  deviceCodePage: {
    first: () => deviceCodePage({}),
    unknown: () => deviceCodePage({ fault: 'unknown' }),
  },
  deviceConfirmPage: {
    elsewhere: () => deviceConfirmPage(device),
    here: () => deviceConfirmPage({ ...device, country: 'DE', sameNetwork: true, selfRegistered: false }),
  },
  deviceAnsweredPage: {
    allowed: () => deviceAnsweredPage({ allowed: true }),
    denied: () => deviceAnsweredPage({ allowed: false }),
  },
  federationFailedPage: {
    unavailable: () => federationFailedPage({ provider: 'Google', kind: 'unavailable', backTo: '/login' }),
    refused: () => federationFailedPage({ provider: 'Google', kind: 'refused_there' }),
    denied: () => federationFailedPage({ provider: 'GitHub', kind: 'denied', backTo: '/login' }),
    unconfirmed: () => federationFailedPage({ provider: 'Google', kind: 'confirm_first', backTo: '/login' }),
    failed: () => federationFailedPage({ provider: 'GitHub', kind: 'failed', backTo: '/login' }),
  },
  accountExistsPage: {
    first: () => accountExistsPage({ provider: 'Google', address: accountName, signInAt: '/login' }),
  },
  linkPage: {
    first: () =>
      linkPage({ provider: 'GitHub', label: 'ada', accountName, pending: 'p', formToken, leadsTo: redirectUri }),
  },
  totpPage: {
    first: () => totpPage(secondStep),
    wrong: () => totpPage({ ...secondStep, fault: 'wrong' }),
  },
  passkeyPage: {
    first: () => passkeyPage({ ...step, offers: [], options: {} }),
    second: () => passkeyPage({ ...secondStep, options: {} }),
    unverified: () => passkeyPage({ ...secondStep, options: {}, fault: 'user_not_verified' }),
  },
  recoveryPage: {
    first: () => recoveryPage(secondStep),
    missing: () => recoveryPage({ ...secondStep, fault: 'missing' }),
  },
  enrolChoicePage: { both: () => enrolChoicePage({ ...enrolment, offers: ['passkey', 'totp'] }) },
  enrolTotpPage: {
    first: () => enrolTotpPage(enrolTotp),
    account: () => enrolTotpPage({ ...enrolTotp, query: '', leadsTo: undefined }),
    wrong: () => enrolTotpPage({ ...enrolTotp, fault: 'wrong' }),
  },
  enrolPasskeyPage: {
    first: () => enrolPasskeyPage({ ...enrolment, options: {} }),
    account: () => enrolPasskeyPage({ ...enrolment, query: '', leadsTo: undefined, options: {} }),
    taken: () => enrolPasskeyPage({ ...enrolment, options: {}, fault: 'taken' }),
  },
  recoveryCodesPage: {
    first: () =>
      recoveryCodesPage({
        codes: ['4F2KM-9QZTB-W3HXA-8M1CE-7BVNP', 'MWRDQ-2X6JW-3GYSW-K0AEM-QW5RD', 'WMQGW-WQMWG-MWGQM-GWMWQ-QMWGW'],
        site: 'auth.example.com',
        accountName,
        madeAt: AT,
        goesOnTo: '/account/factors',
      }),
  },
  ...ACCOUNT_GALLERY,
}
