/** What policies reach of the world on one thread, opened from what the configuration says. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Counter, type Registry } from 'prom-client'
import { openEgress } from '../../egress/open.ts'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { BuiltinError } from '../builtins/builtin.ts'
import { createAnswerCache } from '../builtins/http/answer-cache.ts'
import type { Outside } from '../builtins/outside.ts'

/** Structured-cloneable: handed to each deciding thread. */
export interface OutsideSettings {
  /** Entries of `egress.allow`. */
  readonly allow: readonly string[]
  readonly unlisted: 'public' | 'none'
  readonly answerBytes: number
  readonly cacheBytes: number
  /** Absolute paths of files that `http.send` may name. */
  readonly files: readonly string[]
  /** Environment variables that `http.send` may name, with their values; no others are known to it. */
  readonly variables: Readonly<Record<string, string>>
}

export interface OpenOutside extends Outside {
  close(): Promise<void>
}

export function openOutside(settings: OutsideSettings, registry?: Registry, clock: Clock = systemClock): OpenOutside {
  const { allow, unlisted, answerBytes, cacheBytes, variables } = settings
  const egress = openEgress({ allow, unlisted })
  const files = new Set(settings.files)
  const calls =
    registry &&
    new Counter({
      name: 'policy_calls_total',
      help: 'What policies asked with http.send and net.lookup_ip_addr, by what became of it.',
      labelNames: ['outcome'],
      registers: [registry],
    })
  return {
    egress,
    answers: createAnswerCache(cacheBytes),
    answerBytes,
    clock,
    flights: new Map(),
    readFile: async (name) => {
      const path = resolve(name)
      if (!files.has(path)) throw new BuiltinError('the file is not listed in egress.files')
      try {
        return await readFile(path, 'utf8')
      } catch {
        throw new BuiltinError('a listed file cannot be read')
      }
    },
    variable: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    count: (outcome) => calls?.inc({ outcome }),
    close: () => egress.close(),
  }
}
