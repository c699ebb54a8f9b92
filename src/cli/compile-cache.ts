/**
 * Keeps stripped and compiled code from run to run of the demo: halves its start. Only there, since the folder must be one
 * that nobody else can write to.
 */
import { mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

export function keepCompiledCode(words: readonly string[]): void {
  if (words[0] !== 'serve' || !words.includes('--dev') || words.includes('--help')) return
  const folder = join('var', 'dev', 'compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    enableCompileCache(folder)
  } catch {
    // A folder that cannot be written is reported where it matters.
  }
}
