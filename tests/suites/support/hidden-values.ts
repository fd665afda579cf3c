import type { Entity, Field } from '../../../kernel/model/model.ts'
import { linkKey } from '../../../kernel/records/links-sql.ts'
import { slotsOf, upsertSlotsSql } from '../../../kernel/records/slots.ts'
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
        const fields = [...entity.byApiName.values()].filter(
          (field) => isHidden(person, entity, record, field) && !isDecisive(entity, field, rules),
        )
        if (fields.length > 0) await changeRecord(setting, entity, record, fields)
        changed += fields.length
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
  const { audience } = entity.definition
  if (apiName === 'ownerId' && (entity.definition.private || audience)) return true
  if (key === audience?.shared || key === audience?.roles) return true
  const { members = [], role } = entity.definition.shownTo ?? {}
  if (members.includes(key) || role === key) return true
  if (apiName === 'ownerId') return /"scope"|"ownerId":/.test(rules)
  const path = apiName.endsWith('Id') ? apiName.slice(0, -2) : apiName
  return (
    rules.includes(`"${apiName}":`) || rules.includes(`"${path}.`) || rules.includes(`.${apiName}"`)
  )
}

async function changeRecord(
  { admin, living, random, world }: Setting,
  entity: Entity,
  record: Facts,
  fields: readonly Field[],
): Promise<void> {
  const id = record['id'] as string
  const values: unknown[] = [world.orgId, id]
  const sets: string[] = []
  const custom: Record<string, unknown> = {}
  const ledger: Record<string, unknown> = {}
  const links: Record<string, unknown> = {}
  for (const field of fields) {
    const { storage } = field
    if (storage.in === 'computed') continue
    const others = [...(living.get(field.target ?? '')?.keys() ?? [])]
    const options = Object.keys(field.definition.options ?? {})
    const value = otherValue(field, record[field.apiName], { random, others, options, id })
    ledger[storage.in === 'custom' ? storage.id : field.key] = value
    if (field.typeDefinition.kind === 'relations') links[linkKey(entity, field)] = value
    if (storage.in === 'custom') {
      custom[storage.id] = value
      continue
    }
    const json = `$${values.push(JSON.stringify(value))}::jsonb`
    const column =
      storage.class === 'jsonb' ? `nullif(${json}, 'null')` : `(${json} #>> '{}')::${storage.class}`
    sets.push(`"${storage.column}" = ${column}`)
  }
  if (Object.keys(custom).length > 0) {
    sets.push(`custom = custom || $${values.push(JSON.stringify(custom))}::jsonb`)
  }
  if (sets.length === 0) return
  const where = `org_id = $1 and id = $2${entity.shared ? ` and entity = '${entity.ref}'` : ''}`
  await admin.query(`update ${entity.table} set ${sets.join(', ')} where ${where}`, values)
  await keepCopies(admin, entity, [world.orgId, id], links)
  await admin.query(
    `update tenant.ledger l set fields = l.fields || changed.fields
     from (select jsonb_object_agg(e.key, jsonb_build_array(e.value, e.value)) as fields, g.id as at
       from tenant.ledger g, jsonb_each($3::jsonb) e
       where g.org_id = $1 and g.record_id = $2 and g.fields ? e.key group by g.id) changed
     where l.org_id = $1 and l.record_id = $2 and l.id = changed.at`,
    [world.orgId, id, JSON.stringify(ledger)],
  )
}

/** Indexed copies and links of what was changed, as the writer would have left them. */
async function keepCopies(
  admin: Setting['admin'],
  entity: Entity,
  record: readonly [orgId: string, id: string],
  links: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (slotsOf(entity).length > 0) {
    const row = `(select * from ${entity.table} where org_id = $1 and id = $2) t`
    await admin.query(upsertSlotsSql(entity, row, 't'), [...record])
  }
  if (Object.keys(links).length === 0) return
  const given = [...record, JSON.stringify(links)]
  await admin.query(
    `delete from tenant.link where org_id = $1 and from_id = $2 and $3::jsonb ? field`,
    given,
  )
  await admin.query(
    `insert into tenant.link (org_id, entity, field, from_id, to_id)
     select $1, $4, e.key, $2, x.id::uuid from jsonb_each($3::jsonb) e
       cross join jsonb_array_elements_text(case when jsonb_typeof(e.value) = 'array' then e.value else '[]' end) x(id)`,
    [...given, entity.ref],
  )
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
