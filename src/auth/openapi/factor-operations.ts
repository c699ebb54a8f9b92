/** What the pages of second factors take. */
import type { OperationDescription } from './operation-description.ts'

export const FACTOR_OPERATIONS: Readonly<Record<string, OperationDescription>> = {
  'GET /mfa/totp': { summary: 'asks for a code of an app', parameters: ['interaction'], answers: [200, 303] },
  'POST /mfa/totp': {
    summary: 'checks it',
    parameters: ['interaction', 'form_token', 'code', 'remember', 'answer'],
    answers: [200, 303],
  },
  'GET /mfa/passkey': { summary: 'asks for a passkey', parameters: ['interaction'], answers: [200, 303] },
  'POST /mfa/passkey': {
    summary: 'checks it',
    parameters: ['interaction', 'form_token', 'credential', 'answer'],
    answers: [200, 303],
  },
  'POST /mfa/passkey/options': {
    summary: 'options for the suggestions of a browser, WebAuthn Level 3 5.5',
    parameters: ['interaction', 'form_token'],
  },
  'GET /mfa/recovery': { summary: 'asks for a recovery code', parameters: ['interaction'], answers: [200, 303] },
  'POST /mfa/recovery': {
    summary: 'checks it',
    parameters: ['interaction', 'form_token', 'code', 'answer'],
    answers: [200, 303],
  },
  'GET /mfa/enrol': { summary: 'which second factor to add', parameters: ['interaction'], answers: [200, 303] },
  'GET /mfa/enrol/totp': { summary: 'a new secret for an app', parameters: ['interaction'], answers: [200, 303] },
  'POST /mfa/enrol/totp': {
    summary: 'adds it',
    parameters: ['interaction', 'form_token', 'enrolment', 'code'],
    answers: [200, 303],
  },
  'GET /mfa/enrol/passkey': { summary: 'asks for a new passkey', parameters: ['interaction'], answers: [200, 303] },
  'POST /mfa/enrol/passkey': {
    summary: 'adds it',
    parameters: ['interaction', 'form_token', 'credential', 'name'],
    answers: [200, 303],
  },
  'GET /account/factors': { summary: 'one’s own second factors', parameters: ['done'], answers: [200, 303] },
  'POST /account/factors': {
    summary: 'changes them',
    parameters: ['form_token', 'action', 'factor', 'name'],
    answers: [200, 303],
  },
}
