/** sprintf with Go's fmt. Numbers are int64, big.Int or float64 by their text, any other value but a string is its Rego text. */
import { numberText } from '../../wasm/number.ts'
import { writeTerm } from '../../wasm/term-text.ts'
import { isNumber, type Value } from '../../wasm/value.ts'
import type { BuiltinContext, BuiltinTable } from '../builtin.ts'
import { decimalUnits } from '../numbers/big-float.ts'
import { asArray, asString } from '../operands.ts'
import { printBig, printBigFields, printFloat64, printInt64 } from './fmt-number.ts'
import { FormatScanner } from './fmt-scanner.ts'
import { type Directive, pad, plainDirective } from './fmt-state.ts'
import { printString } from './fmt-text.ts'
import { quoteGo } from './go-text.ts'

export const SPRINTF: BuiltinTable = {
  sprintf: (context, format, args) =>
    sprintf(
      context,
      asString(1, format),
      asArray(2, args).map((arg) => argumentOf(context, arg)),
    ),
}

/** Named as Go's %T names them. */
type Argument =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int64'; readonly value: bigint }
  | { readonly type: '*big.Int'; readonly value: bigint }
  | { readonly type: 'float64'; readonly value: number }

function argumentOf(context: BuiltinContext, value: Value): Argument {
  if (typeof value === 'string') return { type: 'string', value }
  if (!isNumber(value)) return { type: 'string', value: writeTerm(value, quoteGo) }
  const text = numberText(value)
  if (/[.eE]/.test(text)) {
    const double = Number(text)
    return Number.isFinite(double) ? { type: 'float64', value: double } : { type: 'string', value: text }
  }
  context.charge(2 * decimalUnits(text.length))
  const integer = BigInt(text)
  return { type: BigInt.asIntN(64, integer) === integer ? 'int64' : '*big.Int', value: integer }
}

function sprintf(context: BuiltinContext, format: string, args: readonly Argument[]): string {
  const scanner = new FormatScanner(format, {
    count: args.length,
    integerAt: (index) => {
      const arg = args[index]
      return arg?.type === 'int64' ? Number(arg.value) : undefined
    },
  })
  let text = ''
  for (;;) {
    text += scanner.literal()
    if (scanner.isAtEnd) break
    const verb = scanner.verb()
    context.charge((scanner.directive.width ?? 0) + 10 * (scanner.directive.precision ?? 0) + text.length / 64)
    text += scanner.complaint
    if (verb === undefined) {
      text += '%!(NOVERB)'
      break
    }
    text += printNext(scanner, args, verb)
  }
  return scanner.reordered ? text : text + leftOver(args.slice(scanner.index))
}

function printNext(scanner: FormatScanner, args: readonly Argument[], verb: string): string {
  if (verb === '%') return '%'
  if (!scanner.isIndexGood) return `%!${verb}(BADINDEX)`
  const arg = args[scanner.index]
  if (arg === undefined) return `%!${verb}(MISSING)`
  scanner.index++
  const { directive } = scanner
  if (verb === 'v' || verb === 'w') {
    directive.sharpV = directive.sharp
    directive.plusV = directive.plus
    directive.sharp = false
    directive.plus = false
  }
  return print(directive, arg, verb)
}

function print(directive: Directive, arg: Argument, verb: string): string {
  if (verb === 'T') return printString(directive, arg.type, 's') ?? ''
  return printAs(directive, arg, verb) ?? `%!${verb}(${arg.type}=${printFallback(directive, arg, verb)})`
}

function printAs(directive: Directive, arg: Argument, verb: string): string | undefined {
  switch (arg.type) {
    case 'string':
      return printString(directive, arg.value, verb)
    case 'int64':
      return printInt64(directive, arg.value, verb)
    case 'float64':
      return printFloat64(directive, arg.value, verb)
    case '*big.Int':
      // %p would show where OPA's memory holds the number.
      return verb === 'w' || verb === 'p' ? undefined : printBig(directive, arg.value, verb)
  }
}

function printFallback(directive: Directive, arg: Argument, verb: string): string {
  if (arg.type === '*big.Int' && verb === 'w') return printBigFields(directive, arg.value)
  return printAs(directive, arg, 'v') ?? pad(directive, '')
}

function leftOver(args: readonly Argument[]): string {
  if (args.length === 0) return ''
  const shown = args.map((arg) => `${arg.type}=${print(plainDirective(), arg, 'v')}`)
  return `%!(EXTRA ${shown.join(', ')})`
}
