/** The pages of the account in every state that looks different; part of the gallery. */
import { activityPage } from '../../web/account/activity.ts'
import { consentsPage } from '../../web/account/consents.ts'
import { erasedPage, ownDataPage } from '../../web/account/data.ts'
import { emailPage } from '../../web/account/email.ts'
import { factorsPage } from '../../web/account/factors.ts'
import type { AccountFrame } from '../../web/account/frame.ts'
import { identitiesPage } from '../../web/account/identities.ts'
import { overviewPage } from '../../web/account/overview.ts'
import { changePasswordPage } from '../../web/account/password.ts'
import { type ProfileView, profilePage } from '../../web/account/profile.ts'
import { sessionsPage } from '../../web/account/sessions.ts'
import { AT, accountName, formToken, providers, type Shown } from './ada.ts'

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

const ownData = { frame, accountName, exportToken: formToken, eraseToken: formToken }

const seen = { browser: 'Firefox', system: 'Linux', lastSeenAt: AT, formToken }

export const ACCOUNT_GALLERY: Readonly<Record<string, Shown>> = {
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
  factorsPage: {
    some: () =>
      factorsPage({
        frame,
        letters: 'sent',
        formToken,
        done: 'added',
        totp: { createdAt: AT, lastUsedAt: AT },
        passkeys: [
          { id: 'p1', name: 'Laptop', createdAt: AT, lastUsedAt: AT, synced: true },
          { id: 'p2', name: 'Key', createdAt: AT, synced: false },
        ],
        recoveryCodes: 8,
      }),
    none: () => factorsPage({ frame, letters: 'sent', formToken, passkeys: [], recoveryCodes: 0 }),
    noAddress: () =>
      factorsPage({ frame, letters: 'no_address', formToken, done: 'removed', passkeys: [], recoveryCodes: 0 }),
    confirmed: () =>
      factorsPage({ frame, letters: 'sent', formToken, done: 'confirmed', passkeys: [], recoveryCodes: 0 }),
    unnamed: () =>
      factorsPage({
        frame,
        letters: 'sent',
        formToken,
        passkeys: [{ id: 'p1', name: 'Laptop', createdAt: AT, synced: true }],
        recoveryCodes: 8,
        unnamed: 'p1',
      }),
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
        letters: 'sent',
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
    noAddress: () => sessionsPage({ frame, letters: 'no_address', othersToken: formToken, sessions: [], devices: [] }),
  },
}
