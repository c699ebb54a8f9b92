/**
 * Every page in every state that looks different, with what stands on it as it might in life. A page of web/ that is not here
 * turns test/pages/every-page.test.ts red, which names it.
 */
import { activityPage } from '../../web/account-activity.ts'
import { consentsPage } from '../../web/account-consents.ts'
import { erasedPage, ownDataPage } from '../../web/account-data.ts'
import { emailPage } from '../../web/account-email.ts'
import type { AccountFrame } from '../../web/account-frame.ts'
import { overviewPage } from '../../web/account-overview.ts'
import { changePasswordPage } from '../../web/account-password.ts'
import { type ProfileView, profilePage } from '../../web/account-profile.ts'
import { sessionsPage } from '../../web/account-sessions.ts'
import { consentPage } from '../../web/consent.ts'
import { deviceAnsweredPage, deviceCodePage, deviceConfirmPage } from '../../web/device.ts'
import { enrolChoicePage, enrolPasskeyPage, enrolTotpPage, recoveryCodesPage } from '../../web/enrol.ts'
import { errorPage } from '../../web/error.ts'
import { factorsPage } from '../../web/factors.ts'
import { accountExistsPage, federationFailedPage, linkPage } from '../../web/federation.ts'
import { formPostPage } from '../../web/form-post.ts'
import { identitiesPage } from '../../web/identities.ts'
import {
  forgotPage,
  linkDonePage,
  linkEndedPage,
  linkSentPage,
  noMailPage,
  resetPage,
  stopEmailChangePage,
  verifyEmailPage,
} from '../../web/mail-links.ts'
import { signedOutPage, signOutPage, staysSignedInPage } from '../../web/message.ts'
import { notSignedInPage } from '../../web/not-signed-in.ts'
import type { Page } from '../../web/page.ts'
import { passwordPage } from '../../web/password.ts'
import { passkeyPage, recoveryPage, totpPage } from '../../web/second-factor.ts'
import { selectAccountPage } from '../../web/select-account.ts'
import { signInPage } from '../../web/sign-in.ts'

type Shown = Readonly<Record<string, () => Page>>

const formToken = 'Zm9ybSB0b2tlbiBvZiB0aGUgZ2FsbGVyeQ'
const interactionId = 'aW50ZXJhY3Rpb24gb2YgdGhlIGdhbGxlcnk'
const accountName = 'ada.lovelace@example.com'
const redirectUri = 'https://prints.example/callback'
const step = { clientName: 'Photo Prints', redirectUri, interactionId, formToken }
const signIn = { ...step, passkeyToken: formToken }
const AT = 1_780_000_000

const frame: AccountFrame = {
  accountName,
  paths: new Set([
    '/account',
    '/account/profile',
    '/account/factors',
    '/account/sessions',
    '/account/identities',
    '/account/consents',
    '/account/activity',
    '/account/data',
    '/account/email',
  ]),
}

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

const providers = [
  { id: 'google', name: 'Google', available: true },
  { id: 'github', name: 'GitHub', available: false },
]

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

const place = { browser: 'Firefox', system: 'Linux', network: '203.0.113.0/24', country: 'DE' }

const profile: ProfileView = {
  frame,
  values: { displayName: 'Ada Lovelace', givenName: 'Ada', familyName: 'Lovelace', nickName: 'Ada', locale: 'en-GB' },
  writable: new Set(['displayName', 'givenName', 'nickName', 'picture', 'locale']),
  userName: accountName,
  email: { address: accountName, changeable: true },
  done: 'saved',
  version: 3,
  formToken,
  mostCharacters: 128,
}

const email = { frame, address: accountName, verified: true, offers: 'change', formToken } as const
const link = { link: 'bGluayBvZiB0aGUgZ2FsbGVyeQ', formToken }

const ownData = { frame, accountName, exportToken: formToken, eraseToken: formToken }

const seen = { browser: 'Firefox', system: 'Linux', lastSeenAt: AT, formToken }

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
    short: () => resetPage({ ...link, fault: { kind: 'too_short', leastCharacters: 8 } }),
    breached: () => resetPage({ ...link, fault: { kind: 'breached', leastCharacters: 8 } }),
  },
  stopEmailChangePage: { first: () => stopEmailChangePage(link) },
  verifyEmailPage: { first: () => verifyEmailPage(link) },
  linkDonePage: {
    password: () => linkDonePage('password', []),
    email: () => linkDonePage('email', []),
  },
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
    failed: () => federationFailedPage({ provider: 'GitHub', kind: 'failed', backTo: '/login' }),
  },
  accountExistsPage: {
    first: () => accountExistsPage({ provider: 'Google', address: accountName, signInAt: '/login' }),
  },
  linkPage: {
    first: () =>
      linkPage({ provider: 'GitHub', label: 'ada', accountName, pending: 'p', formToken, leadsTo: redirectUri }),
  },
  identitiesPage: {
    some: () =>
      identitiesPage({
        frame,
        formTokens: { link: formToken, unlink: formToken },
        linked: [{ key: 'k', provider: 'Google', label: accountName, linkedAt: AT }],
        offered: providers,
        leadsTo: ['https://accounts.example'],
      }),
    none: () =>
      identitiesPage({
        frame,
        formTokens: { link: formToken, unlink: formToken },
        linked: [],
        offered: [],
        leadsTo: [],
      }),
  },
  totpPage: {
    first: () => totpPage(secondStep),
    wrong: () => totpPage({ ...secondStep, fault: 'wrong' }),
  },
  passkeyPage: {
    first: () => passkeyPage({ ...secondStep, options: {} }),
    unverified: () => passkeyPage({ ...secondStep, options: {}, fault: 'user_not_verified' }),
  },
  recoveryPage: {
    first: () => recoveryPage(secondStep),
    missing: () => recoveryPage({ ...secondStep, fault: 'missing' }),
  },
  enrolChoicePage: { both: () => enrolChoicePage({ ...enrolment, offers: ['passkey', 'totp'] }) },
  enrolTotpPage: {
    first: () => enrolTotpPage(enrolTotp),
    wrong: () => enrolTotpPage({ ...enrolTotp, fault: 'wrong' }),
  },
  enrolPasskeyPage: {
    first: () => enrolPasskeyPage({ ...enrolment, options: {} }),
    taken: () => enrolPasskeyPage({ ...enrolment, options: {}, fault: 'taken' }),
  },
  recoveryCodesPage: {
    first: () =>
      recoveryCodesPage({
        codes: ['4f2k-9qzt-w3hx', '8m1c-7bvn-p5rd', '2x6j-3gys-k0ae'],
        site: 'auth.example.com',
        accountName,
        madeAt: AT,
        goesOnTo: '/account/factors',
      }),
  },
  factorsPage: {
    some: () =>
      factorsPage({
        frame,
        formToken,
        done: 'added',
        totp: { createdAt: AT, lastUsedAt: AT },
        passkeys: [
          { id: 'p1', name: 'Laptop', createdAt: AT, lastUsedAt: AT, synced: true },
          { id: 'p2', name: 'Key', createdAt: AT, synced: false },
        ],
        recoveryCodes: 8,
      }),
    none: () => factorsPage({ frame, formToken, passkeys: [], recoveryCodes: 0 }),
  },
  ownDataPage: {
    first: () => ownDataPage({ ...ownData, unconfirmed: false }),
    unconfirmed: () => ownDataPage({ ...ownData, unconfirmed: true }),
  },
  erasedPage: { first: () => erasedPage() },
  overviewPage: {
    open: () =>
      overviewPage({
        frame,
        userName: accountName,
        name: 'Ada Lovelace',
        email: { address: accountName, verified: false },
        factors: ['password'],
        refused: 3,
        lastSignIns: [{ at: AT, place }, { at: AT }],
      }),
    safe: () =>
      overviewPage({
        frame,
        userName: accountName,
        email: { address: accountName, verified: true },
        factors: ['password', 'passkey', 'recovery_code'],
        refused: 0,
        lastSignIns: [],
      }),
  },
  emailPage: {
    verified: () => emailPage(email),
    open: () => emailPage({ ...email, verified: false, sentTo: accountName }),
    faulty: () => emailPage({ ...email, typed: accountName, fault: 'same' }),
    none: () => emailPage({ ...email, address: undefined, offers: 'noMail' }),
    managed: () => emailPage({ ...email, offers: 'managed' }),
  },
  changePasswordPage: {
    first: () => changePasswordPage({ frame, formToken, hasPassword: true }),
    wrong: () => changePasswordPage({ frame, formToken, hasPassword: true, fault: 'wrong' }),
    common: () =>
      changePasswordPage({
        frame,
        formToken,
        hasPassword: false,
        fault: { kind: 'common', leastCharacters: 8 },
      }),
    done: () => changePasswordPage({ frame, formToken, hasPassword: true, done: 'reported' }),
  },
  activityPage: {
    some: () =>
      activityPage({
        frame,
        entries: [
          {
            id: 'e1',
            kind: 'sign_in',
            at: AT,
            times: 1,
            app: { name: 'Photo Prints' },
            place,
            refused: false,
            formToken,
          },
          { id: 'e2', kind: 'sign_in_failed', at: AT, times: 4, app: 'own', place, refused: true, formToken },
        ],
      }),
    none: () => activityPage({ frame, entries: [] }),
  },
  consentsPage: {
    some: () =>
      consentsPage({
        frame,
        done: 'withdrawn',
        apps: [
          {
            clientId: 'prints',
            name: 'Photo Prints',
            firstParty: false,
            selfRegistered: true,
            scopes: ['openid', 'email', 'orders:read'],
            consent: { grantedAt: AT, expiresAt: AT + 86_400 },
            grants: [{ grantId: 'g1', scopes: ['openid'], since: AT, lastUse: AT, formToken }],
            formToken,
          },
          {
            clientId: 'own',
            name: 'Intranet',
            firstParty: true,
            selfRegistered: false,
            scopes: ['openid', 'offline_access'],
            grants: [{ grantId: 'g2', scopes: ['openid', 'offline_access'], since: AT, formToken }],
            formToken,
          },
        ],
      }),
    none: () => consentsPage({ frame, apps: [] }),
  },
  profilePage: {
    plain: () => profilePage(profile),
    faulty: () => profilePage({ ...profile, done: undefined, faults: { picture: 'no_url', nickName: 'too_long' } }),
    meanwhile: () => profilePage({ ...profile, done: undefined, changedMeanwhile: true }),
  },
  sessionsPage: {
    some: () =>
      sessionsPage({
        frame,
        done: 'ended',
        othersToken: formToken,
        sessions: [
          { ...seen, current: true, sid: 's1', networks: ['203.0.113.0/24'], bound: true, signedInAt: AT, endsAt: AT },
          {
            ...seen,
            current: false,
            sid: 's2',
            networks: [],
            bound: false,
            signedInAt: AT,
            endsAt: AT,
            browser: 'other',
          },
        ],
        devices: [{ ...seen, current: true, deviceId: 'd1', firstSeenAt: AT, rememberedUntil: AT }],
      }),
  },
}
