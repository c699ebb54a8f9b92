/** The id in an address, as a fact: what is in no form of ours may be anything, e.g. an e-mail address, and is not repeated. */
const ID = /^[A-Za-z0-9_-]{1,64}$/

export const namedId = (id: string): string => (ID.test(id) ? id : 'unknown')
