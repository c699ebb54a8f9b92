/**
 * Moves all that is sealed in the store to the newest envelope key, while the instance serves: signing keys, secrets of
 * clients and of their event streams, TOTP secrets of people, and last the check record, by which a node knows at its start
 * whether its envelope key is the right one: once that has moved, nothing is left under the key before.
 */
import { type Envelope, EnvelopeError, kekIdOf, reseal } from '../../kernel/envelope.ts'
import { Problem, StoreUnavailable } from '../../kernel/errors.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { secretName } from '../client/sealed-secret.ts'
import { streamSecretName } from '../client/stream-secret.ts'
import { CHECK_RECORD } from '../token/root-secret.ts'
import { resealSigningKey } from '../token/signing-key.ts'
import { totpSecretName } from '../user/totp-secret.ts'

export interface RewrapDeps {
  readonly store: {
    readonly signingKeys: Store['signingKeys']
    readonly platform: Pick<Store['platform'], 'checkRecord' | 'replaceCheckRecord'>
    readonly clients: Pick<Store['clients'], 'list' | 'find' | 'replace'>
    readonly streams: Pick<Store['streams'], 'list' | 'replace'>
    readonly factors: { readonly totp: Pick<Store['factors']['totp'], 'list' | 'reseal'> }
  }
  readonly envelope: Envelope
  /** Resolves once every node has read the signing keys anew, and what it sealed before that is written. */
  readonly heardByAll: () => Promise<void>
}

/** How many records of each kind were moved: none, where all were under the newest key. */
export interface Rewrapped {
  readonly signingKeys: number
  readonly clients: number
  readonly streams: number
  readonly totp: number
  readonly checkRecord: number
}

const ATTEMPTS = 8
const PAGE = 200

/** Throws Problem where a record is under neither envelope key; what was moved before it stays moved. */
export async function rewrap(deps: RewrapDeps, tenant: string): Promise<Rewrapped> {
  try {
    // One after the other: only once nothing else is left may a node start without the key before.
    const signingKeys = await untilWritten(() => moveSigningKeys(deps))
    // A node that has not heard that they moved seals by the key before, behind a sweep that has gone past.
    if (await isUnderWay(deps)) await deps.heardByAll()
    const clients = await untilNothingIsLeft(() => sweepClients(deps, tenant))
    const streams = await untilNothingIsLeft(() => sweepStreams(deps, tenant))
    const totp = await untilNothingIsLeft(() => sweepTotp(deps, tenant))
    const checkRecord = await untilWritten(() => moveCheckRecord(deps))
    return { signingKeys, clients, streams, totp, checkRecord }
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    throw new Problem('conflict', {
      detail: `A sealed record opens neither by the envelope key nor by the previous one: ${error.message}.`,
      cause: error,
    })
  }
}

/** `run` answers undefined when another node wrote first. */
async function untilWritten(run: () => Promise<number | undefined>): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const moved = await run()
    if (moved !== undefined) return moved
  }
  throw new StoreUnavailable('a sealed record was changed by others, again and again')
}

async function moveSigningKeys({ store, envelope }: RewrapDeps): Promise<number | undefined> {
  const set = await store.signingKeys.read()
  const old = set.keys.filter(({ kekId }) => kekId !== envelope.kekId)
  if (old.length === 0) return 0
  const keys = set.keys.map((key) => (key.kekId === envelope.kekId ? key : resealSigningKey(envelope, key)))
  if ((await store.signingKeys.replace(set, keys)) === 'conflict') return undefined
  envelope.sealUnder(envelope.kekId)
  return old.length
}

async function moveCheckRecord({ store, envelope }: RewrapDeps): Promise<number | undefined> {
  const sealed = await store.platform.checkRecord()
  if (sealed === undefined || kekIdOf(sealed) === envelope.kekId) return 0
  const moved = reseal(envelope, CHECK_RECORD, sealed)
  return (await store.platform.replaceCheckRecord(sealed, moved)) === 'written' ? 1 : undefined
}

async function isUnderWay({ store, envelope }: RewrapDeps): Promise<boolean> {
  const sealed = await store.platform.checkRecord()
  return sealed !== undefined && kekIdOf(sealed) !== envelope.kekId
}

async function untilNothingIsLeft(sweep: () => Promise<number>): Promise<number> {
  let moved = 0
  for (let sweeps = 0; sweeps < ATTEMPTS; sweeps++) {
    const now = await sweep()
    if (now === 0) return moved
    moved += now
  }
  throw new StoreUnavailable('secrets were sealed by the previous envelope key, again and again')
}

/** One that is changed meanwhile is found by the next sweep. */
async function sweepStreams({ store: { streams }, envelope }: RewrapDeps, tenant: string): Promise<number> {
  let moved = 0
  for (const stream of await streams.list(tenant)) {
    const { sealed, streamId, version } = stream
    if (sealed === undefined || kekIdOf(sealed) === envelope.kekId) continue
    const next = {
      ...stream,
      sealed: reseal(envelope, streamSecretName(tenant, streamId), sealed),
      version: version + 1,
    }
    if ((await streams.replace(tenant, next, version)) === 'written') moved += 1
  }
  return moved
}

/** One that is replaced meanwhile is found by the next sweep. */
async function sweepTotp({ store: { factors }, envelope }: RewrapDeps, tenant: string): Promise<number> {
  let moved = 0
  let after = ''
  for (;;) {
    const page = await factors.totp.list(tenant, after, PAGE)
    for (const { sub, sealed } of page) {
      after = sub
      if (sealed === '' || kekIdOf(sealed) === envelope.kekId) continue
      const next = reseal(envelope, totpSecretName(tenant, sub), sealed)
      if ((await factors.totp.reseal(tenant, sub, sealed, next)) === 'written') moved += 1
    }
    if (page.length < PAGE) return moved
  }
}

/**
 * From the newest client to the oldest: one that is deleted meanwhile moves others only to where the sweep has yet to come. A
 * page may hold fewer than it has room for, as those that ended are left out, so only the offset tells the end.
 */
async function sweepClients({ store, envelope }: RewrapDeps, tenant: string): Promise<number> {
  const { total } = await store.clients.list(tenant, 0, 1)
  let moved = 0
  for (let page = Math.ceil(total / PAGE) - 1; page >= 0; page--) {
    const { records } = await store.clients.list(tenant, page * PAGE, PAGE)
    for (const client of records)
      if (isOld(envelope, client)) moved += await moveClient(store, envelope, tenant, client.clientId)
  }
  return moved
}

const isOld = (envelope: Envelope, client: ClientRecord): boolean =>
  client.sealedSecrets?.some((sealed) => kekIdOf(sealed) !== envelope.kekId) === true

const moveClient = (
  { clients }: Pick<RewrapDeps['store'], 'clients'>,
  envelope: Envelope,
  tenant: string,
  clientId: string,
): Promise<number> =>
  untilWritten(async () => {
    const client = await clients.find(tenant, clientId)
    if (client?.sealedSecrets === undefined) return 0
    const name = secretName(tenant, clientId)
    const sealedSecrets = client.sealedSecrets.map((sealed) => reseal(envelope, name, sealed))
    const next = { ...client, sealedSecrets, version: client.version + 1 }
    const written = await clients.replace(tenant, next, client.version)
    return written === 'conflict' ? undefined : Number(written === 'written')
  })
