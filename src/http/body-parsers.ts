/** Which content types each kind of endpoint reads, and how; any other is refused before its first byte is kept. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ErrorStyle } from './error-answer.ts'
import { isNestedBeyond } from './nesting.ts'
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

/** Deeper than any body of ours. */
const MAX_NESTING = 32

/** As Fastify's own refusals are: by code and status. */
class Unreadable extends Error {
  readonly code: string
  readonly statusCode: number
  constructor(code: string, statusCode: number) {
    super(code)
    this.code = code
    this.statusCode = statusCode
  }
}

/** RFC 9110 8.4 and 15.5.16: nothing is inflated here, and what is compressed is no form and no JSON. */
function refuseCoding({ headers }: FastifyRequest): void {
  const coding = headers['content-encoding']
  if (coding !== undefined && coding !== 'identity') throw new Unreadable('CONTENT_CODING', 415)
}

async function readForm(request: FastifyRequest, text: string): Promise<FormBody> {
  refuseCoding(request)
  return new FormBody(text)
}

export function addBodyParsers(app: FastifyInstance, style: ErrorStyle): void {
  // Keys named __proto__ or constructor have no place in any body of ours.
  const readJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  // Some clients name a type on every request, on a DELETE too: nothing sent is nothing read.
  const readSomeJson: typeof readJson = (request, text, done) => {
    if (text.length === 0) return done(null, undefined)
    refuseCoding(request)
    if (isNestedBeyond(text, MAX_NESTING)) throw new Unreadable('FST_ERR_CTP_INVALID_JSON_BODY', 400)
    return readJson(request, text, done)
  }
  for (const type of TYPES[style])
    if (type === FORM) app.addContentTypeParser<string>(type, { parseAs: 'string' }, readForm)
    else app.addContentTypeParser<string>(type, { parseAs: 'string' }, readSomeJson)
}
