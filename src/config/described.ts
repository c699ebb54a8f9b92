/** The configuration's schema as data, for the code that walks it: what is a path, what is secret, what a text can hold. */
import { ConfigSchema } from './schema.ts'

export interface Described {
  readonly type?: string
  readonly path?: boolean
  readonly secret?: boolean
  readonly properties?: Readonly<Record<string, Described>>
  readonly items?: Described
}

export const CONFIG: Described = ConfigSchema as Described

/** The schema of a key; undefined where there is none, also for names that every object inherits. */
export const keyOf = (schema: Described | undefined, key: string | number): Described | undefined =>
  Object.hasOwn(schema?.properties ?? {}, key) ? schema?.properties?.[key] : undefined
