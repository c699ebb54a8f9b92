/** Which content types each kind of endpoint reads, and how; any other is refused before its first byte is kept. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ErrorStyle } from './error-answer.ts'
import { FormBody } from './request-view.ts'

const FORM = 'application/x-www-form-urlencoded'

const TYPES: Readonly<Record<ErrorStyle, readonly string[]>> = {
  oauth: [FORM],
  bearer: [FORM],
  page: [FORM],
  registration: ['application/json'],
  problem: ['application/json'],
  scim: ['application/scim+json', 'application/json'],
}

const readForm = async (_request: FastifyRequest, text: string): Promise<FormBody> => new FormBody(text)

export function addBodyParsers(app: FastifyInstance, style: ErrorStyle): void {
  // Keys named __proto__ or constructor have no place in any body of ours.
  const readJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  // Some clients name a type on every request, on a DELETE too: nothing sent is nothing read.
  const readSomeJson: typeof readJson = (request, text, done) =>
    text.length === 0 ? done(null, undefined) : readJson(request, text, done)
  for (const type of TYPES[style])
    if (type === FORM) app.addContentTypeParser<string>(type, { parseAs: 'string' }, readForm)
    else app.addContentTypeParser<string>(type, { parseAs: 'string' }, readSomeJson)
}
