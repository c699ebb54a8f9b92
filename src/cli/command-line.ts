/** Finds the command, reads its flags, runs it, and says in one line what went wrong. */
import { loadConfig } from '../config/load.ts'
import { ConfigError, StoreUnavailable } from '../kernel/errors.ts'
import { type Command, type Invocation, UsageError } from './command.ts'
import { COMMANDS } from './commands.ts'
import { parseWords } from './words.ts'

export async function runCommandLine(given: readonly string[]): Promise<number> {
  const words = given[0] === '--version' ? ['version'] : given[0] === 'help' ? [...given.slice(1), '--help'] : given
  const command = findCommand(words)
  try {
    if (!command) return generalHelp(words)
    const invocation = read(command, words.slice(command.name.split(' ').length))
    if (invocation.values.help === true) return print(commandHelp(command))
    return await command.run(invocation)
  } catch (error) {
    if (error instanceof UsageError) return fail(`${error.message}\n${whereToRead(command)}`, 2)
    if (error instanceof ConfigError || error instanceof StoreUnavailable) return fail(error.message, 1)
    throw error
  }
}

const whereToRead = (command: Command | undefined): string =>
  command ? `see: sallyport ${command.name} --help` : 'see: sallyport --help'

const findCommand = (words: readonly string[]): Command | undefined =>
  COMMANDS.find((command) => command.name.split(' ').every((word, index) => words[index] === word))

function generalHelp(words: readonly string[]): number {
  const [first] = words
  const group = COMMANDS.filter((command) => command.name.startsWith(`${first} `))
  const isGeneral = first === undefined || first === '--help' || first === '-h'
  const asked = isGeneral || words.includes('--help')
  if (!isGeneral && group.length === 0) throw new UsageError(`there is no command ${first}`)
  if (!asked) throw new UsageError(`${first} needs one of: ${group.map((command) => command.name).join(', ')}`)
  const shown = group.length > 0 ? group : COMMANDS
  const width = Math.max(...shown.map((command) => command.name.length))
  const rows = shown.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return print(
    ['Usage: sallyport COMMAND [options]', '', ...rows, '', 'sallyport COMMAND --help tells more.'].join('\n'),
  )
}

function read(command: Command, words: readonly string[]): Invocation {
  const { values, positionals } = parseWords(command, words)
  const stray =
    command.accepts === 'any' || command.accepts === 'ids'
      ? undefined
      : (positionals.find((word) => !command.accepts?.includes(word)) ?? positionals[1])
  if (stray !== undefined) throw new UsageError(`${command.name} does not take ${stray}`)
  return {
    values,
    positionals,
    config: (under) =>
      loadConfig({
        file: typeof values.config === 'string' ? values.config : process.env.SALLYPORT_CONFIG,
        env: process.env,
        settings: Array.isArray(values.set) ? values.set.map(String) : [],
        under,
      }),
  }
}

function commandHelp(command: Command): string {
  const rows = Object.entries({ ...command.options, help: { type: 'boolean', help: 'show this' } as const }).map(
    ([name, option]) =>
      [`--${name}${'value' in option && option.value ? ` ${option.value}` : ''}`, option.help] as const,
  )
  const width = Math.max(...rows.map(([flag]) => flag.length))
  return [
    `Usage: sallyport ${command.name}${command.operands ? ` ${command.operands}` : ''} [options]`,
    '',
    command.summary,
    '',
    ...rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`),
    ...(command.notes === undefined ? [] : ['', ...command.notes]),
  ].join('\n')
}

function print(text: string): number {
  console.log(text)
  return 0
}

function fail(message: string, code: number): number {
  for (const line of message.split('\n')) console.error(`sallyport: ${line}`)
  return code
}
