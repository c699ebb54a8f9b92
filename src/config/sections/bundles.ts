/** Bundles: where each is had, and whose signature is trusted on it. */
import Type from 'typebox'
import { closed, oneOf, path, section } from '../keywords.ts'

const bundleKey = Type.Object(
  {
    id: Type.String({ minLength: 1 }),
    key_file: path('public key, PEM'),
    algorithm: oneOf(['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'], {}),
    state: oneOf(['active', 'retired', 'revoked'], {
      default: 'active',
      description: 'retired: what it signed serves on; revoked: its bundles are refused at once',
    }),
  },
  closed,
)

const minimumVersion = Type.Optional(
  Type.Integer({ minimum: 1, description: 'what a node that has no mark yet takes as its high-water mark' }),
)

/** The platform bundle: it alone may own `authz`, `system` and `rbac`. */
export const bundle = section(
  {
    path: path('bundle file or folder, watched', { default: 'bundles/sallyport.tar.gz' }),
    keys: Type.Array(bundleKey, { default: [], description: 'keys whose bundles are trusted' }),
    minimum_version: minimumVersion,
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
    path: path('bundle file or folder, watched'),
    keys: Type.Array(bundleKey, { default: [], description: 'keys whose bundles are trusted; none: those of bundle' }),
    minimum_version: minimumVersion,
  },
  closed,
)

export const bundles = Type.Array(otherBundle, {
  default: [],
  description: 'bundles beside the policy bundle, for callers of the policy API, each with roots of its own',
})
