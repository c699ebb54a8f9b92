/** Ways in that a person has of their own, and what the step that takes one away must find in its place. */

/** An identity by its key, or a passkey by its credential id. */
export type Way = { readonly identity: string } | { readonly passkey: string }
