import type { Entity, Field } from '../../../kernel/model/model.ts'
import type { Cells } from './cells.ts'
import type { Facts, Oracle } from './oracle.ts'
import type { Person } from './people.ts'
import type { Setting } from './permission-setting.ts'

/** Somebody who looks at the records of one entity. */
export interface Look {
  readonly setting: Setting
  readonly person: Person
  readonly entity: Entity
  readonly cells: Cells
  /** Share of the fields that are asked for one by one. */
  readonly density: number
}

export interface Reply {
  readonly status: number
  readonly code: string | null
  readonly body: unknown
}

type Row = Readonly<Record<string, unknown>> & { readonly id: string }

/** Both names of an entity lead to the same records. */
export function addressOf({ setting, entity }: Look): string {
  return setting.random.chance(0.5) ? `/${entity.plural}` : `/records/${entity.ref}`
}

export async function ask(look: Look, method: string, url: string, body?: object): Promise<Reply> {
  const { statusCode, body: text } = await look.person.caller.call(method, url, body)
  const parsed = text === '' ? null : (JSON.parse(text) as { code?: string })
  return { status: statusCode, code: parsed?.code ?? null, body: parsed }
}

export const rowsOf = ({ body }: Reply) => (body as { data: Row[] }).data

export const queryOf = (values: Record<string, unknown>): string =>
  new URLSearchParams(
    Object.entries(values).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ).toString()

export function factsOf({ setting, entity }: Look): Facts[] {
  return [...setting.living.get(entity.ref)!.values()]
}

/** The records that somebody sees, by id. */
export function visibleOf(
  look: Look,
  records: readonly Facts[] = factsOf(look),
): Map<string, Facts> {
  const { oracle } = look.person
  const seen = records.filter((record) => oracle.may('read', look.entity.ref, record))
  return new Map(seen.map((record) => [record['id'] as string, record]))
}

/** A record as somebody sees it: hidden fields are not there. */
export function shownRecord(oracle: Oracle, entity: Entity, record: Facts): Facts {
  const shown: Record<string, unknown> = {}
  for (const name of entity.byApiName.keys()) {
    const value = oracle.shown(entity.ref, record, name)
    if (value !== undefined) shown[name] = value
  }
  return shown
}

/** What somebody may know of a value: null where it is hidden. */
export function maskedValue(look: Look, record: Facts, field: Field): unknown {
  const { person, entity, setting } = look
  const value = person.oracle.shown(entity.ref, record, field.apiName)
  if (field.typeDefinition.kind !== 'relations' || !Array.isArray(value))
    return comparable(field, value)
  // A list is as long as what its reader sees behind it.
  const living = setting.living.get(field.target!)
  const seen = value.filter((id) => {
    const facts = living?.get(String(id))
    return facts && person.oracle.may('read', field.target!, facts)
  })
  return seen.length > 0 ? seen : null
}

/** To filters and sums an actor is its id; the system has none and is somebody all the same. */
export function comparable(field: Field, value: unknown): unknown {
  if (field.typeDefinition.kind !== 'actor') return value ?? null
  const actor = value as { id: unknown } | null | undefined
  return actor ? (actor.id ?? 'the system') : null
}

export function exists({ person, entity }: Look, field: Field): boolean {
  return person.oracle.ever('read', entity.ref, field.apiName)
}

/** A field that does not exist for somebody is one like any other that does not exist. */
export const unknownField = { status: 400, code: 'UNKNOWN_FIELD' } as const

export const outcome = ({ status, code }: Reply) => ({ status, code })

/** Whoever may read no record of an entity at all is told so at once. */
export function refusal({ person, entity }: Look): { status: number; code: string } {
  const code = person.oracle.lacksScope('read', entity.ref) ? 'SCOPE_MISSING' : 'FORBIDDEN'
  return { status: 403, code }
}

export const nameOf = ({ person, entity }: Look, more: string): string =>
  `${person.name} on ${entity.plural} ${more}`

/** Some fields, those that matter most among them: fields that are hidden from somebody. */
export function someFields(look: Look, fields: Iterable<Field> = look.entity.byApiName.values()) {
  const { random } = look.setting
  return [...fields].filter((field) => !isOpen(look, field) || random.chance(look.density))
}

/** Whether nothing of the field is hidden. */
function isOpen(look: Look, field: Field): boolean {
  const seen = [...visibleOf(look).values()]
  const { oracle } = look.person
  return seen.every((record) => oracle.may('read', look.entity.ref, record, field.apiName))
}
