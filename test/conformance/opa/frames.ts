/** Reads what `tools/opa-cases` writes: pairs of frames, a case as JSON and its module. */
import type { Readable } from 'node:stream'

/** A case of OPA's suite; fields as OPA's files have them. */
export interface OpaCase {
  readonly version: 'v0' | 'v1'
  readonly file: string
  readonly note: string
  readonly compile_error?: string
  readonly data?: Readonly<Record<string, unknown>>
  /** Absent means an undefined input, unless `input_term` is there. */
  readonly input?: unknown
  readonly input_term?: string
  readonly want_result?: readonly Readonly<Record<string, unknown>>[]
  readonly want_error_code?: string
  readonly want_error?: string
  readonly sort_bindings?: boolean
  readonly ignore_generated_vars?: boolean
  readonly strict_error?: boolean
}

export interface CompiledCase {
  /** Its numbers keep their text in here. */
  readonly text: string
  readonly wasm: Uint8Array
}

export async function* readCases(stream: Readable): AsyncGenerator<CompiledCase> {
  let text: string | undefined
  for await (const frame of readFrames(stream)) {
    if (text === undefined) text = frame.toString('utf8')
    else {
      yield { text, wasm: frame }
      text = undefined
    }
  }
}

async function* readFrames(stream: Readable): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = []
  let held = 0
  let wanted: number | undefined
  const take = (count: number): Buffer => {
    const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    chunks.splice(0, chunks.length, whole.subarray(count))
    held -= count
    return whole.subarray(0, count)
  }
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer)
    held += (chunk as Buffer).length
    for (;;) {
      if (wanted === undefined && held >= 4) wanted = take(4).readUInt32BE()
      if (wanted === undefined || held < wanted) break
      yield take(wanted)
      wanted = undefined
    }
  }
}
