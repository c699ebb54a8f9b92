/** Bounds from which the life of a signing key follows: how late each side may see a change, how long a token lives. Seconds. */

/** How long a relying party may keep the key set that it fetched (`max-age`). */
export const JWKS_MAX_AGE_SECONDS = 5 * 60

/** A node that could not ask the store for its keys for longer neither signs nor publishes. */
export const KEY_RING_SECONDS = 60

/** What a node writes of the set was read at most so long before; older readings are refused. */
export const KEY_SET_SECONDS = 60

/** No token that is a JWT lives longer: the bound of the contract of `token`. */
export const LONGEST_TOKEN_SECONDS = 24 * 3600

/** By how much the clocks of two nodes may differ, and the dates in their tokens with them. */
const CLOCKS_SECONDS = 50 * 60

/** A key is published for at least so long before it signs: no fresh copy of the key set is without it then. */
export const LEAST_PUBLISH_SECONDS = KEY_SET_SECONDS + KEY_RING_SECONDS + JWKS_MAX_AGE_SECONDS

/** A key stays for at least so long after another took its place: the last token that it signed has ended. */
export const LEAST_RETIRE_SECONDS = LONGEST_TOKEN_SECONDS + KEY_SET_SECONDS + KEY_RING_SECONDS + CLOCKS_SECONDS
