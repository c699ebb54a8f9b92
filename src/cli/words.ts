/** The words of a command line, made ready for its parser: ids begin with a dash once in 64 times, and must not be read as flags. */
import { parseArgs } from 'node:util'
import { type Command, UsageError } from './command.ts'

/** Base64url of 120 bits or more: what `sub`, session ids and key ids look like. */
const DASHED_ID = /^-[\w-]{19,}$/
/** Stands before an operand that is no flag. No program is ever given a word that holds it. */
const MARK = '\0'

type Options = Command['options']

const isFlag = (word: string, options: Options): boolean =>
  word === '-h' || (word.startsWith('--') && Object.hasOwn(options, word.slice(2).replace(/=.*/s, '')))

/** `--user -abc` becomes `--user=-abc`, unless `-abc` is a flag; an operand that is an id is marked, where the command takes ids. */
function mark(words: readonly string[], { accepts, options }: Pick<Command, 'accepts' | 'options'>): readonly string[] {
  const marked: string[] = []
  for (let index = 0; index < words.length; index++) {
    const [word = '', next] = [words[index], words[index + 1]]
    if (word === '--') return [...marked, ...words.slice(index)]
    const takesNext = word.startsWith('--') && options[word.slice(2)]?.type === 'string'
    if (takesNext && next?.startsWith('-') && next !== '--' && !isFlag(next, options)) {
      marked.push(`${word}=${next}`)
      index++
    } else if (takesNext && next !== undefined) {
      marked.push(word, next)
      index++
    } else if (accepts === 'ids' && DASHED_ID.test(word) && !isFlag(word, options)) marked.push(`${MARK}${word}`)
    else marked.push(word)
  }
  return marked
}

/** Throws UsageError, which says how a word that begins with a dash is given. */
export function parseWords(
  command: Command,
  words: readonly string[],
): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  const options = { ...command.options, help: { type: 'boolean', short: 'h', help: 'show this' } } as const
  try {
    const args = [...mark(words, { ...command, options })]
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true })
    return { values, positionals: positionals.map((word) => (word.startsWith(MARK) ? word.slice(1) : word)) }
  } catch (error) {
    const [line = 'wrong flags'] = error instanceof Error ? error.message.split('\n') : []
    const takesWords = command.accepts === 'any' || command.accepts === 'ids'
    const how = takesWords && /^Unknown option/.test(line) ? '; put -- before a word that begins with a dash' : ''
    throw new UsageError(`${line.replace(/\. To specify a positional.*/, '')}${how}`)
  }
}
