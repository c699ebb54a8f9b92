/** What a command of the command line is: its options, its help, and what it does. */
import type { Config } from '../config/schema.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  /** What stands for the value in help, e.g. `FILE`. */
  readonly value?: string
  readonly help: string
}

export interface Invocation {
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
  /** Configuration by file, environment and this command's flags; `under` holds values below all of them. */
  config(under?: Readonly<Record<string, unknown>>): Config
}

export interface Command {
  /** One or two words: `serve`, `config show`. */
  readonly name: string
  readonly summary: string
  /** Words after the name, for help. */
  readonly operands?: string
  readonly options: Readonly<Record<string, Option>>
  /** What else help says, below the options: exit codes, e.g. */
  readonly notes?: readonly string[]
  /** Operands it takes; any other is wrong usage. `any`: as many as are given, such as files. `ids`: the same, and ids may begin with a dash. */
  readonly accepts?: readonly string[] | 'any' | 'ids'
  /** Answers the exit code. */
  run(invocation: Invocation): Promise<number>
}

/** The command was called the wrong way; the message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Options of every command that reads the configuration. */
export const CONFIG_OPTIONS = {
  config: { type: 'string', value: 'FILE', help: 'configuration (default: sallyport.yaml if it is there)' },
  set: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'override one setting, e.g. auth.port=9000' },
} as const satisfies Record<string, Option>
