/** How an operator comes by the `sub` that commands take. RFC 7644 3.4.2. */
export const HOW_TO_FIND =
  'SUB is the id of a person in SCIM: GET /scim/v2/Users?filter=userName eq "alice", with a token of scope scim.'
