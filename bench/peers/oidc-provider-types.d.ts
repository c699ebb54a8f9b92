/** The part of npm `oidc-provider` that the benchmark and the tests use; the package ships no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'

  interface Context {
    readonly path: string
    readonly req: IncomingMessage
    readonly res: ServerResponse
    respond: boolean
    /** Of the answer, once the rest has run. */
    body: unknown
  }

  interface Grant {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    readonly Grant: new (properties: {
      accountId: string
      clientId: string
    }) => Grant
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void
    interactionDetails(
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<{ readonly session?: { readonly accountId: string } }>
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
    callback(): (request: IncomingMessage, response: ServerResponse) => void
    listen(port: number, host: string, ready: () => void): Server
  }

  /** `requestable`: `prompt` may name it. */
  class Prompt {
    constructor(info: { readonly name: string; readonly requestable: boolean })
  }
  export const interactionPolicy: {
    readonly Prompt: typeof Prompt
    base(): { add(prompt: Prompt, at: number): void }
  }
}
