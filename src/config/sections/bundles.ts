/** Bundles: where each is had, and whose signature is trusted on it. Names and meanings are OPA's where OPA has them. */
import { type Static, Type } from '../../schema/type.ts'
import { closed, oneOf, path, section } from '../keywords.ts'

const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const
const HMAC = ['HS256', 'HS384', 'HS512'] as const

const bundleKey = Type.Object(
  {
    id: Type.String({ minLength: 1 }),
    key_file: path('public key or certificate, PEM; of HS* the secret itself, 32 characters or more'),
    algorithm: oneOf([...ALGORITHMS, ...HMAC], {}),
    state: oneOf(['active', 'retired', 'revoked'], {
      default: 'active',
      description: 'retired: what it signed serves on; revoked: its bundles are refused at once',
    }),
    scope: Type.Optional(Type.String({ description: 'that the signature must have; none: none' })),
  },
  closed,
)
export type BundleKeyConfig = Static<typeof bundleKey>

/** What a keys file holds. */
export const BundleKeys = Type.Object({ keys: Type.Array(bundleKey, { minItems: 1 }) }, closed)

const seconds = (fallback: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 24 * 60 * 60, default: fallback, description })

const polling = section(
  {
    min_delay_seconds: seconds(60, 'shortest time between two requests'),
    max_delay_seconds: seconds(120, 'longest time between two requests, also after errors'),
    long_polling_timeout_seconds: Type.Optional(seconds(60, 'the service is asked to hold its answer for so long')),
    download_timeout_seconds: seconds(60, 'for one whole download'),
  },
  'how the service is asked',
)

const signing = Type.Object(
  {
    keyid: Type.Optional(Type.String({ minLength: 1, description: 'this key alone, whatever a signature names' })),
    scope: Type.Optional(Type.String({ description: 'in place of the scope of the key' })),
    exclude_files: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'patterns of files that are neither verified nor read',
    }),
  },
  { ...closed, description: 'rules for the signature of this bundle' },
)

const keys = (description: string) => Type.Array(bundleKey, { default: [], description })

const had = {
  service: Type.Optional(Type.String({ minLength: 1, description: 'of `services`, in place of path' })),
  resource: Type.Optional(Type.String({ minLength: 1, description: 'below the address of the service' })),
  trigger: oneOf(['periodic', 'manual'], { default: 'periodic', description: 'manual: only by command' }),
  polling,
  persist: Type.Boolean({ default: true, description: 'keep copies in policy.persistence_directory' }),
  signing: Type.Optional(signing),
  keys_file: Type.Optional(path('more keys, read again while the service runs')),
  max_age_seconds: Type.Optional(
    Type.Integer({ minimum: 60, description: 'after its signature a bundle ends; none: as its claim exp says' }),
  ),
  minimum_version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'what a node that has no mark yet takes as its high-water mark' }),
  ),
}

/** The platform bundle: it alone may own `authz`, `system` and `rbac`. */
export const bundle = section(
  {
    path: path('bundle file or folder, watched', { default: 'bundles/sallyport.tar.gz' }),
    keys: keys('keys whose bundles are trusted'),
    ...had,
  },
  'the policy bundle',
)

/** A letter first: names that look like numbers would not keep their order in answers. */
const bundleName = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,63}$',
  description: 'its name in answers, logs and status',
})

const otherBundle = Type.Object(
  {
    name: bundleName,
    path: Type.Optional(path('bundle file or folder, watched')),
    keys: keys('keys whose bundles are trusted; none: those of bundle'),
    ...had,
  },
  closed,
)
export type OtherBundleConfig = Static<typeof otherBundle>

export const bundles = Type.Array(otherBundle, {
  default: [],
  description: 'bundles beside the policy bundle, for callers of the policy API, each with roots of its own',
})

export const persistenceDirectory = path('copies of active bundles, for when a source is down and for rolling back', {
  default: 'var/bundles',
})
export const keptBundles = Type.Integer({
  minimum: 1,
  maximum: 100,
  default: 5,
  description: 'how many versions of each bundle are kept there',
})
