/** Bundles as people read them: one table of what is in force, one of what is kept. */
import type { BundleRecord } from '../../policy-engine/life/desk.ts'
import { degraded } from '../../policy-engine/status.ts'
import { table } from '../table.ts'

const short = (revision: string | undefined): string => revision?.slice(0, 12) ?? '-'

export function report(records: readonly BundleRecord[]): string {
  const inForce = records.map(({ status }) => [
    status.name,
    status.version?.toString() ?? 'none',
    short(status.active_revision),
    status.key_id ?? '-',
    status.active_from ?? '-',
    status.last_successful_activation ?? 'never',
    status.expires_at ?? '-',
  ])
  const kept = records.flatMap(({ name, status, history }) =>
    history.map((one) => [
      name,
      one.version.toString(),
      short(one.revision),
      one.key_id,
      one.activated_at,
      [one.active ? 'active' : '', isPinned(status, one) ? 'pinned' : ''].filter((word) => word !== '').join(', ') ||
        '-',
    ]),
  )
  return [
    table([['BUNDLE', 'VERSION', 'REVISION', 'KEY', 'FROM', 'ACTIVATED', 'EXPIRES'], ...inForce]),
    ...records.flatMap(remarks),
    '',
    kept.length === 0
      ? 'No copies are kept.'
      : table([['KEPT', 'VERSION', 'REVISION', 'KEY', 'ACTIVATED', 'STATE'], ...kept]),
  ].join('\n')
}

const isPinned = ({ pinned }: BundleRecord['status'], one: { readonly version: number; readonly digest: string }) =>
  pinned?.version === one.version && pinned.digest === one.digest

function remarks({ name, status }: BundleRecord): readonly string[] {
  const { pinned, held, code, message, copy_trouble: copyTrouble } = status
  const fault = degraded(status)
  return [
    ...(pinned ? [`${name}: pinned to version ${pinned.version} by ${pinned.by} since ${pinned.since}`] : []),
    ...(held === undefined ? [] : [`${name}: ${held}`]),
    ...(fault === undefined ? [] : [`${name}: ${fault}`]),
    ...(code === undefined ? [] : [`${name}: last attempt refused, ${code}: ${message ?? ''}`]),
    ...(copyTrouble === undefined ? [] : [`${name}: ${copyTrouble}`]),
  ]
}
