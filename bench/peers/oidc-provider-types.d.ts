/** The part of npm `oidc-provider` that the benchmark uses; the package ships no types. */
declare module 'oidc-provider' {
  import type { Server } from 'node:http'

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    listen(port: number, host: string, ready: () => void): Server
  }
}
