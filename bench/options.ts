/** The command line of `make bench`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const HELP = `node bench/run.ts [options]

Measures Sallyport beside npm oidc-provider and the bare @open-policy-agent/opa-wasm, in turn, and reports the
median and the spread of the rounds, as a table and in bench/results/latest.json.

  --rows NAMES        only these rows, comma-separated
  --rounds N          rounds of each row (default 5)
  --seconds N         length of one side's turn in a round (default 4)
  --quick             2 rounds of 1 second: shows that it runs, not how fast
  --against-itself    the peer on both sides: the ratio shows the machine's noise; writes no results
  --profile FOLDER    our server writes its V8 CPU profiles there; costs speed, writes no results
  --help              this text
`

export interface CommandLine {
  readonly help: boolean
  /** Undefined for all. */
  readonly rows: readonly string[] | undefined
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly againstItself: boolean
  readonly profileFolder: string | undefined
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not "${text}"`)
  return value
}

function rounds(text: string): number {
  const value = positive('rounds', text)
  if (!Number.isInteger(value)) throw new Error(`--rounds takes a whole number, not "${text}"`)
  return value
}

export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'against-itself': { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick } = values
  return {
    help: values.help,
    rows: values.rows?.split(',').map((name) => name.trim()),
    rounds: rounds(values.rounds ?? (quick ? '2' : '5')),
    seconds: positive('seconds', values.seconds ?? (quick ? '1' : '4')),
    warmUpSeconds: quick ? 0.5 : 3,
    againstItself: values['against-itself'],
    profileFolder: values.profile === undefined ? undefined : resolve(values.profile),
  }
}
