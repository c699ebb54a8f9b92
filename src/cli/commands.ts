/** Every command, in the order in which help lists them. Each loads its own code, so that none pays for another. */
import { CONFIG_OPTIONS, type Command } from './command.ts'

export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    summary: 'Serve both services in one process, or one of them: auth, policy.',
    operands: '[auth|policy]',
    accepts: ['auth', 'policy'],
    options: {
      ...CONFIG_OPTIONS,
      dev: { type: 'boolean', help: 'a demo on loopback: makes keys, a user, clients; state lives in var/' },
    },
    run: async (invocation) => (await import('./serve.ts')).serve(invocation),
  },
  {
    name: 'init',
    summary: 'Make a production instance: signing key, check record, one admin credential that works once.',
    options: CONFIG_OPTIONS,
    run: async (invocation) => (await import('./init.ts')).init(invocation),
  },
  {
    name: 'config show',
    summary: 'Print the configuration in force, secrets masked.',
    options: CONFIG_OPTIONS,
    run: async (invocation) => (await import('./config.ts')).configShow(invocation),
  },
  {
    name: 'config schema',
    summary: 'Print the JSON Schema of sallyport.yaml.',
    options: {},
    run: async () => (await import('./config.ts')).configSchema(),
  },
  {
    name: 'version',
    summary: 'Print the version.',
    options: {},
    run: async () => (await import('./version.ts')).printVersion(),
  },
]
