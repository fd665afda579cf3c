import type { Entity, Field } from '../../../kernel/model/model.ts'
import type { Facts } from './oracle.ts'
import type { Person } from './people.ts'
import type { Setting } from './permission-setting.ts'

/** Fields on which signing in and teams stand; they decide who somebody is, not only what they see. */
const decisive = ['roles', 'active', 'email', 'team']

/** Documents with lines: their state and figures decide what may be written to them afterwards. */
const documents = /^crm\.(quotes|orders|invoices):/
const figures = ['status', 'unitPrice', 'taxRate', 'subtotal', 'tax', 'total', 'fulfilled']

/**
 * Gives every value that is hidden from somebody another one, in the database and past the product, so
 * that nothing else changes: no version, no moment, no event.
 *
 * @returns how many values.
 */
export async function changeHidden(setting: Setting, person: Person): Promise<number> {
  const rules = JSON.stringify(person.roles.map((ref) => setting.model.roles.get(ref)!.definition))
  let changed = 0
  for (const entity of setting.model.entities.values()) {
    for (const records of [setting.living, setting.deleted]) {
      for (const record of records.get(entity.ref)!.values()) {
        for (const field of entity.byApiName.values()) {
          if (!isHidden(person, entity, record, field) || isDecisive(entity, field, rules)) continue
          changed += await changeOne(setting, entity, record, field)
        }
      }
    }
  }
  return changed
}

function isHidden(person: Person, entity: Entity, record: Facts, field: Field): boolean {
  if (field.storage.in === 'computed') return false
  if (['id', 'version', 'updatedAt'].includes(field.apiName)) return false
  // Everybody is told their own name.
  if (record['id'] === person.userId) return false
  return !person.oracle.may('read', entity.ref, record, field.apiName)
}

/** What a rule looks at decides what is seen, and so may show in what is seen. */
function isDecisive(entity: Entity, field: Field, rules: string): boolean {
  const { key, apiName, unique, readOnly } = field
  // Numbers and keys that a plugin gives stay as unique as it made them.
  if (unique && readOnly) return true
  if (entity.ref === 'kernel:user' && decisive.includes(key)) return true
  if (documents.test(entity.ref) && figures.includes(key)) return true
  if (apiName === 'ownerId') return /"scope"|"ownerId":/.test(rules)
  const path = apiName.endsWith('Id') ? apiName.slice(0, -2) : apiName
  return (
    rules.includes(`"${apiName}":`) || rules.includes(`"${path}.`) || rules.includes(`.${apiName}"`)
  )
}

async function changeOne(
  { admin, living, random, world }: Setting,
  entity: Entity,
  record: Facts,
  field: Field,
): Promise<number> {
  const { storage } = field
  if (storage.in === 'computed') return 0
  const others = [...(living.get(field.target ?? '')?.keys() ?? [])]
  const options = Object.keys(field.definition.options ?? {})
  const current = record[field.apiName]
  const value = otherValue(field, current, { random, others, options, id: record['id'] as string })
  const where = `org_id = $1 and id = $2${entity.shared ? ` and entity = '${entity.ref}'` : ''}`
  const values = [world.orgId, record['id'], JSON.stringify(value)]
  const text = `$3::jsonb #>> '{}'`
  const set =
    storage.in === 'custom'
      ? `custom = jsonb_set(custom, '{"${storage.id}"}', $3::jsonb)`
      : storage.class === 'jsonb'
        ? `"${storage.column}" = nullif($3::jsonb, 'null')`
        : `"${storage.column}" = (${text})::${storage.class}`
  await admin.query(`update ${entity.table} set ${set} where ${where}`, values)
  const ledgerKey = storage.in === 'custom' ? storage.id : field.key
  await admin.query(
    `update tenant.ledger set fields = jsonb_set(fields, array[$3], jsonb_build_array($4::jsonb, $4::jsonb))
     where org_id = $1 and record_id = $2 and fields ? $3`,
    [world.orgId, record['id'], ledgerKey, JSON.stringify(value)],
  )
  return 1
}

interface Choice {
  readonly random: Setting['random']
  readonly others: readonly string[]
  readonly options: readonly string[]
  readonly id: string
}

/** Another value in the terms of the storage. */
function otherValue(field: Field, current: unknown, { random, others, options, id }: Choice) {
  const { storage, typeDefinition, unique, required } = field
  if (current !== null && !unique && !required && !field.system && random.chance(0.2)) return null
  const tail = id.slice(-12)
  if (typeDefinition.kind === 'relations') return others.length > 0 ? [random.pick(others)] : []
  switch (storage.class) {
    case 'text':
      return options.length > 0 ? random.pick(options) : `hidden ${tail}`
    case 'bigint':
    case 'float8':
      return random.below(90)
    case 'boolean':
      return current !== true
    case 'date':
      return '2031-02-03'
    case 'timestamptz':
      return '2031-02-03T04:05:06.789Z'
    case 'uuid':
      return others.length > 0 ? random.pick(others) : null
    default:
      return typeDefinition.kind === 'actor'
        ? { type: 'user', id: `hidden-${tail}`, name: 'Hidden' }
        : [`hidden-${tail}`]
  }
}
