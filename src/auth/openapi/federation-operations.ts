/** What the routes of federation take. */
import type { OperationDescription } from './operation-description.ts'

const PAGE = [200, 303]
const answer = ['code', 'state', 'iss', 'error']

export const FEDERATION_OPERATIONS: Readonly<Record<string, OperationDescription>> = {
  'GET /federation/:provider/start': {
    summary: 'sends the browser of a sign-in to an identity provider',
    parameters: ['interaction'],
    answers: [303],
  },
  'GET /federation/callback/:provider': {
    summary: 'the browser is back from an identity provider',
    parameters: answer,
    answers: PAGE,
  },
  'POST /federation/callback/:provider': {
    summary: 'the same, where the provider answers by a form (response_mode=form_post)',
    parameters: answer,
    answers: [303],
  },
  'GET /federation/link': {
    summary: 'the page that asks whether to connect an account at a provider',
    parameters: ['pending'],
    answers: PAGE,
  },
  'POST /federation/link': {
    summary: 'the answer of that page',
    parameters: ['pending', 'form_token', 'answer'],
    answers: [303],
  },
  'POST /federation/sign-out': {
    summary: 'signs out at the provider that the person had come in by',
    parameters: ['form_token'],
    answers: PAGE,
  },
  'GET /account/identities': { summary: 'a person’s accounts at identity providers', answers: PAGE },
  'POST /account/identities/link': {
    summary: 'begins to connect a further one',
    parameters: ['form_token', 'provider'],
    answers: [303],
  },
  'POST /account/identities/unlink': {
    summary: 'disconnects one',
    parameters: ['form_token', 'identity'],
    answers: [303],
  },
}
