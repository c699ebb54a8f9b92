/** What the sections of the configuration's schema are written with. */
import { type TSchema, Type } from '../schema/type.ts'

export const closed = { additionalProperties: false } as const

export const oneOf = <const V extends readonly string[]>(
  values: V,
  options: { default?: V[number]; description?: string },
) => Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...options })

export const port = (fallback: number) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description: 'TCP port; 0 takes a free one' })
export const host = () => Type.String({ minLength: 1, default: '127.0.0.1', description: 'address to listen on' })
/** Marked so that it is resolved against the folder of the file that names it. */
export const path = (description: string, options: { default?: string } = {}) =>
  Type.String({ minLength: 1, description, path: true, ...options })
/** Marked so that `config show` masks it. */
export const secret = (description: string) => Type.String({ minLength: 1, description, secret: true })
/** An object that may be left out: its own defaults then apply. */
export const section = <P extends Record<string, TSchema>>(properties: P, description: string) =>
  Type.Object(properties, { ...closed, default: {}, description })
