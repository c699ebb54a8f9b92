/** Schemas and parameters of the table of routes, as OpenAPI writes them. */
import type { AnswerDescription, ParameterDescription } from './openapi-types.ts'

export const inJson = (schema: object): Readonly<Record<string, object>> => ({ 'application/json': schema })
const inJsonOrYaml = (schema: object): Readonly<Record<string, object>> => ({
  ...inJson(schema),
  'application/yaml': schema,
})

export const FLAG = { type: 'string' } as const
const flagNamed = (name: string, text: string): ParameterDescription => ({
  name,
  text: `${text}: set when empty or \`true\`, not by any other value`,
  schema: FLAG,
})

export const PRETTY = flagNamed('pretty', 'indent the answer')
export const INPUT_PARAMETER: ParameterDescription = {
  name: 'input',
  text: 'the input, JSON text; the last one counts',
  schema: { type: 'string', contentMediaType: 'application/json' },
}
const EXPLAIN: ParameterDescription = {
  name: 'explain',
  text: 'how the document came about, as far as the bundle holds its sources and OPA is at hand',
  schema: { type: 'string', examples: ['notes', 'fails', 'full', 'debug'] },
}
export const BATCH_FLAGS: readonly ParameterDescription[] = [
  PRETTY,
  flagNamed('provenance', 'name version and revision of what judged'),
  flagNamed('metrics', 'tell how long each step took'),
  flagNamed('instrument', 'as metrics'),
  flagNamed('strict-builtin-errors', 'a failing built-in is an error instead of undefined, where the host knows'),
]
export const DATA_FLAGS: readonly ParameterDescription[] = [
  ...BATCH_FLAGS,
  EXPLAIN,
  flagNamed('rule_labels', 'read and without effect: a compiled policy does not tell which rules it went through'),
]
export const HEALTH_FLAGS: readonly ParameterDescription[] = [
  flagNamed('bundles', '500 until every bundle was activated once'),
  flagNamed('bundle', 'as bundles'),
  flagNamed('plugins', '500 while a plugin is not OK'),
  {
    name: 'exclude-plugin',
    text: 'a plugin that does not count; may be repeated',
    schema: { type: 'array', items: { type: 'string' } },
  },
]

const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const open = (properties: object, required: readonly string[] = []) => ({ type: 'object', properties, required })

const Metrics = { type: 'object', additionalProperties: count }
const Provenance = open({
  version: text,
  build_commit: text,
  build_timestamp: text,
  build_hostname: text,
  bundles: { type: 'object', additionalProperties: open({ revision: text }) },
})
const Warning = open({ code: text, message: text }, ['code', 'message'])
const Location = open({ file: text, row: count, col: count }, ['file', 'row', 'col'])

/** Every error's body. */
export const ApiFault = open(
  {
    code: text,
    message: text,
    errors: { type: 'array', items: open({ code: text, message: text, location: Location }, ['code', 'message']) },
  },
  ['code', 'message'],
)

const DataQuestion = { type: ['object', 'null'], properties: { input: { description: 'any JSON value' } } }
const DataAnswer = open(
  {
    decision_id: text,
    result: { description: 'the document; absent where it is undefined' },
    provenance: Provenance,
    metrics: Metrics,
    explanation: { type: 'array', items: {} },
    warning: Warning,
  },
  ['decision_id'],
)

type Answers = Readonly<Record<number, AnswerDescription>>

export const DATA_QUESTION = inJsonOrYaml(DataQuestion)
export const ANY_INPUT = inJsonOrYaml({ description: 'the input' })
const FAILED: AnswerDescription = { text: 'the evaluation failed', content: inJson(ApiFault) }
export const DATA_ANSWER: Answers = { 200: { text: 'the answer', content: inJson(DataAnswer) }, 500: FAILED }
export const DOCUMENT: Answers = {
  200: { text: 'the document', content: inJson({}) },
  404: { text: 'the document is undefined', content: inJson(ApiFault) },
  500: FAILED,
}

const BatchError = open({ code: text, message: text, errors: { type: 'array', items: {} }, http_status_code: text })
const BatchResponse = {
  anyOf: [open({ ...DataAnswer.properties, http_status_code: text }, ['decision_id']), BatchError],
}
export const BATCH_QUESTION = inJsonOrYaml(
  open({ inputs: { type: 'object' }, common_input: { description: 'merged into each input, which wins' } }),
)
const BatchAnswer = open(
  {
    batch_decision_id: text,
    responses: { type: 'object', additionalProperties: BatchResponse },
    metrics: Metrics,
    warning: Warning,
  },
  ['batch_decision_id'],
)
const batch = (words: string): AnswerDescription => ({ text: words, content: inJson(BatchAnswer) })
export const BATCH_ANSWER: Answers = {
  200: batch('every input was answered'),
  207: batch('some inputs were not answered'),
  500: batch('no input was answered'),
}

export const HEALTH_ANSWERS: Answers = {
  200: { text: 'healthy', content: inJson({ type: 'object' }) },
  500: { text: 'not healthy', content: inJson(open({ error: text }, ['error'])) },
}
export const RESULT_ANSWER: Answers = {
  200: { text: 'the answer', content: inJson(open({ result: { type: 'object' } }, ['result'])) },
}
export const ACKNOWLEDGED: Answers = { 204: { text: 'done' } }
export const PURGE = {
  type: 'object',
  properties: { subject: { type: 'string', minLength: 1, description: 'what is held on one person only' } },
  additionalProperties: false,
}
