/** Finds what a TypeScript file imports, by expressions over a text whose comments were blanked. */

export interface Import {
  /** As written; undefined where it is computed. */
  readonly specifier: string | undefined
  readonly line: number
}

/** One token at a time: comments go, strings and templates stay, so that a quote in a comment opens nothing. */
const TOKENS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
const STATEMENT = /^[ \t]*(?:import|export)\b(?:[^'"`;()=]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm
const CALL = /(?<![\w.$])(?:import|require)\s*\(\s*(?:(['"`])([^'"`\n]*)\1|([^)]))/g

export function importsOf(source: string): readonly Import[] {
  const text = source.replace(TOKENS, (token) => (token.startsWith('/') ? blank(token) : token))
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const statements = [...text.matchAll(STATEMENT)].map((found) => ({
    specifier: found[2],
    line: lineAt(found.index),
  }))
  const calls = [...outsideStrings(text).matchAll(CALL)].map((found) => {
    const literal = /^(?:import|require)\s*\(\s*(['"`])([^'"`\n]*)\1/.exec(text.slice(found.index))
    const specifier = literal?.[2]?.includes('${') ? undefined : literal?.[2]
    return { specifier, line: lineAt(found.index) }
  })
  return [...statements, ...calls]
}

const blank = (token: string) => token.replace(/[^\n]/g, ' ')

/** The same text with what stands between quotes blanked, so that a call written in a string is none. */
const outsideStrings = (text: string) =>
  text.replace(TOKENS, (token) => `${token.charAt(0)}${blank(token.slice(1, -1))}${token.charAt(0)}`)
