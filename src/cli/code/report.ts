/** A plan as people read it. */
import { table } from '../table.ts'
import type { Change, ClientPlan, FieldChange, SecretStep } from './plan.ts'
import type { PolicyCheck } from './policy-names.ts'

const SIGNS = { create: '+', change: '~', delete: '-' } as const

const shown = (value: unknown): string => (value === undefined ? '(none)' : JSON.stringify(value))

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string')

function fieldLines({ field, from, to }: FieldChange, isNew: boolean): readonly string[] {
  const [before, after] = [from ?? (isTexts(to) ? [] : undefined), to ?? (isTexts(from) ? [] : undefined)]
  if (!isTexts(before) || !isTexts(after)) return [`${field}: ${isNew ? shown(to) : `${shown(from)} → ${shown(to)}`}`]
  const gone = before.filter((entry) => !after.includes(entry)).map((entry) => `- ${entry}`)
  const come = after.filter((entry) => !before.includes(entry)).map((entry) => `+ ${entry}`)
  const lines = [...gone, ...come]
  return lines.length === 0 ? [`${field}: in another order`] : lines.map((line) => `${field} ${line}`)
}

function secretLine({ step, file, kept, added, ended }: SecretStep): string {
  const parts = [
    ...(file === undefined ? [] : [`a new one, written to ${file}`]),
    ...(added.length > 0 ? [`${added.join(', ')} comes`] : []),
    ...(kept.length > 0 ? [`${kept.join(', ')} stays`] : []),
    ...(ended.length > 0 ? [`${ended.join(', ')} ends`] : []),
  ]
  return `secret: ${step}, ${parts.join('; ')}`
}

export const changeLine = ({ action, client_id: id }: Change): string => `${SIGNS[action]} ${action.padEnd(6)}  ${id}`

const changeLines = (change: Change): readonly string[] => [
  changeLine(change),
  ...change.fields.flatMap((field) => fieldLines(field, change.action === 'create')).map((line) => `      ${line}`),
  ...(change.secret ? [`      ${secretLine(change.secret)}`] : []),
]

export function summary({ changes, unchanged }: ClientPlan): string {
  const count = (action: Change['action']) => changes.filter((change) => change.action === action).length
  return `${count('create')} to create, ${count('change')} to change, ${count('delete')} to delete, ${unchanged} as they should be.`
}

export function report(plan: ClientPlan, policy: PolicyCheck): string {
  const listed = (names: readonly string[]) => names.join(' ') || '-'
  const scopes = policy.scopes.map(({ scope, known, audience, permissions, clients }) => [
    scope,
    policy.unchecked === undefined ? (known ? 'yes' : 'NO') : '?',
    listed(audience),
    listed(permissions),
    listed(clients),
  ])
  const resources = policy.resources.map(({ resource, servers, scopes: of }) => [resource, listed(servers), listed(of)])
  return [
    ...plan.changes.flatMap(changeLines),
    ...(plan.changes.length > 0 ? [''] : []),
    ...(scopes.length > 0
      ? [table([['SCOPE', 'IN POLICY', 'AUDIENCE', 'PERMISSIONS', 'CLIENTS'], ...scopes]), '']
      : []),
    ...(resources.length > 0 ? [table([['RESOURCE', 'SERVED BY', 'SCOPES'], ...resources]), ''] : []),
    ...(policy.unchecked === undefined ? [] : [`not compared with the active policies: ${policy.unchecked}`]),
    summary(plan),
  ].join('\n')
}
