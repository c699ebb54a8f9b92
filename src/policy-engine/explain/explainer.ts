/**
 * `explain`: how a document came about. A compiled policy does not tell, so OPA's interpreter evaluates the sources that the
 * active bundles carry; where its result is another than ours, the sources are not those of what judged, and nothing is told.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { canonicalText } from '../bundle/canonical.ts'
import type { BundleSet } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { ExplainFailed, Opa } from './opa.ts'
import { traceEvents } from './trace-event.ts'

export const EXPLAIN_MODES = ['notes', 'fails', 'full', 'debug'] as const
export type ExplainMode = (typeof EXPLAIN_MODES)[number]

export interface ExplainQuestion {
  readonly mode: ExplainMode
  /** Lines to read instead of events. */
  readonly pretty: boolean
  /** Segments below `data`. */
  readonly path: readonly string[]
  readonly input: unknown
  /** JSON text of what was answered; undefined where the document is. */
  readonly result: string | undefined
  /** What judged, and its digest. */
  readonly set: BundleSet
  readonly digest: string
}

export interface Explainer {
  /** Throws ExplainFailed. */
  explain(question: ExplainQuestion): Promise<readonly unknown[]>
  close(): void
}

export function createExplainer(opaFile: string | undefined): Explainer {
  const opa = opaFile === undefined ? undefined : new Opa(opaFile)
  let prepared: { readonly digest: string; readonly folder: string } | undefined
  let limits: Promise<string> | undefined

  const close = () => {
    if (prepared !== undefined) rmSync(prepared.folder, { recursive: true, force: true })
    prepared = undefined
  }
  const folderOf = ({ set, digest }: ExplainQuestion): string => {
    if (prepared?.digest === digest) return prepared.folder
    close()
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-explain-'))
    prepared = { digest, folder }
    placeSources(folder, set)
    return folder
  }

  return {
    close,
    explain: async (question) => {
      if (opa?.isPresent !== true) throw new ExplainFailed('OPA is not at hand: set policy.opa_file')
      if (question.set.some(({ wasm, metered, sources }) => (wasm ?? metered) !== undefined && sources === undefined)) {
        throw new ExplainFailed('the bundle carries no sources')
      }
      const input = question.input === undefined ? undefined : JSON.stringify(question.input)
      if (input !== undefined && Buffer.byteLength(input) > MAX_INPUT_BYTES) {
        throw new ExplainFailed('the input is too large')
      }
      const folder = folderOf(question)
      limits ??= withoutNetwork(opa, folder)
      writeFileSync(join(folder, CAPABILITIES), await limits)
      const run = (format: 'json' | 'pretty') => opa.run({ folder, ...evaluation(question, input, format) })
      const { result, events } = readOutput(await run('json'))
      if (!isSame(result, question.result)) {
        throw new ExplainFailed('the sources that the bundle carries answer otherwise than its module')
      }
      return question.pretty ? traceLines(await run('pretty')) : traceEvents(events)
    },
  }
}

/** OPA's terms and its trace take many times what the text does. */
const MAX_INPUT_BYTES = 64 * 1024

const CAPABILITIES = 'capabilities.json'
const POLICIES = 'policies'

function placeSources(folder: string, set: BundleSet): void {
  for (const [at, { sources = {}, dataJson }] of set.entries()) {
    const place = (name: string, content: string | Uint8Array) => {
      const file = join(folder, POLICIES, String(at), name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
    // By number: a name of the archive never becomes one of the file system.
    for (const [number, text] of Object.values(sources).entries()) place(`${number}.rego`, text)
    place('data/data.json', dataJson)
  }
}

/** A policy that calls out would do so past the guard of our own way out. */
async function withoutNetwork(opa: Opa, folder: string): Promise<string> {
  const text = await opa.run({ folder, args: ['capabilities', '--current'], input: '' })
  return JSON.stringify({ ...(JSON.parse(text) as object), allow_net: [] })
}

function evaluation(
  { mode, path, set }: ExplainQuestion,
  input: string | undefined,
  format: string,
): { args: string[]; input: string } {
  const data = set.flatMap((_, at) => [
    ...['--data', `${POLICIES}/${at}/data/data.json`],
    ...Object.keys(set[at]?.sources ?? {}).flatMap((_name, number) => ['--data', `${POLICIES}/${at}/${number}.rego`]),
  ])
  const options = ['--format', format, `--explain=${mode}`, '--capabilities', CAPABILITIES]
  const given = input === undefined ? [] : ['--stdin-input']
  return {
    args: ['eval', ...options, ...given, ...data, ['data', ...path.map((segment) => `[${termOf(segment)}]`)].join('')],
    input: input ?? '',
  }
}

/** Integer-like segments are integers, as OPA's server reads them. */
const termOf = (segment: string): string => (/^(0|-?[1-9]\d{0,17})$/.test(segment) ? segment : JSON.stringify(segment))

interface Output {
  readonly result: unknown
  readonly events: readonly unknown[]
}

function readOutput(text: string): Output {
  const { result, explanation } = parseExact(text) as {
    result?: readonly { readonly expressions?: readonly { readonly value?: unknown }[] }[]
    explanation?: readonly unknown[]
  }
  return { result: result?.[0]?.expressions?.[0]?.value, events: explanation ?? [] }
}

/** Members in any order. Numbers by their text: both engines write them alike. */
function isSame(result: unknown, answered: string | undefined): boolean {
  if (result === undefined || answered === undefined) return result === undefined && answered === undefined
  return canonicalText(result) === canonicalText(parseExact(answered))
}

/** The trace stands before the result, each line with its place and operation. */
const TRACE_LINE = /^\S+ +(\| )*[A-Z][a-z]+ /
const traceLines = (text: string): readonly string[] => text.split('\n').filter((line) => TRACE_LINE.test(line))
