/** Rooms that serving tokens does without: their files are read when one of their addresses is first asked for. */
import type { Route } from '../route.ts'

type Handlers<H> = { readonly [name in keyof H]: Route['handler'] }

/** The handlers that `load` gives, by their names. One that could not be loaded is tried again by the next request. */
export function whenAsked<H extends Handlers<H>>(load: () => Promise<H>): Handlers<H> {
  let loading: Promise<H> | undefined
  const loaded = (): Promise<H> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  const handler =
    (name: keyof H): Route['handler'] =>
    async (request) =>
      (await loaded())[name](request)
  return new Proxy({} as H, { get: (_, name) => handler(name as keyof H) })
}
