import type { Entity, Field } from '../../../kernel/model/model.ts'
import type { Facts } from './oracle.ts'
import { succeed } from './own-layer.ts'
import { addressOf, ask, type Look, nameOf, outcome, type Reply, shownRecord } from './reading.ts'
import { sampleValue } from './sample-values.ts'
import { isFormless } from './world.ts'

export interface Outcome {
  readonly status: number
  readonly code: string | null
}

const refused = (code: string, status = 403): Outcome => ({ status, code })
const managed = ['kernel:user', 'kernel:team']

/** What somebody learns who writes these values to a record that is, or to one that is to be. */
export function expectedWrite(
  look: Look,
  operation: 'create' | 'update',
  record: Facts,
  given: Facts,
): Outcome {
  const { entity, person } = look
  const { oracle } = person
  const { ref } = entity
  const names = Object.keys(given)
  if (oracle.lacksScope(operation, ref)) return refused('SCOPE_MISSING')
  const isSeen = operation === 'create' || oracle.may('read', ref, record)
  if (!oracle.ever(operation, ref)) return isSeen ? refused('FORBIDDEN') : refused('NOT_FOUND', 404)

  const isKnown = (name: string) =>
    entity.byApiName.has(name) && (!oracle.ever('read', ref) || oracle.ever('read', ref, name))
  const fixed = (name: string) => entity.byApiName.get(name)!.readOnly
  const mayEver = (name: string) => oracle.ever(operation, ref, name)
  if (names.some((name) => isKnown(name) && !fixed(name) && !mayEver(name))) {
    return refused('FIELD_NOT_WRITABLE')
  }
  const isInvalid = names.some((name) => !isKnown(name) || fixed(name))
  if (isInvalid || (operation === 'create' && lacks(look, given))) return refused('INVALID', 422)

  if (operation === 'update' && !isSeen) return refused('NOT_FOUND', 404)
  if (managed.includes(ref) && !oracle.allows('members:manage')) {
    // Their own profile is theirs to change, which is not looked at here.
    return refused('FORBIDDEN')
  }
  if (!oracle.may(operation, ref, record)) return refused('FORBIDDEN')
  const isLocked = (name: string) => !oracle.may(operation, ref, record, name)
  // Where a rule looks at the record, a default counts as if it had been given.
  const filled = operation === 'create' ? defaultsOf(look, given).filter(mayEver) : []
  if ([...names, ...filled].some(isLocked)) return refused('FIELD_NOT_WRITABLE')
  return { status: operation === 'create' ? 201 : 200, code: null }
}

/** Whoever may change a record can still be told by its plugin that it is not to be changed like this. */
function pastHooks({ entity, setting }: Look, actual: Outcome, expected: Outcome): Outcome {
  const hooks = setting.model.hooks.get(entity.ref) ?? []
  const mayRefuse = hooks.some(({ definition: { before, after } }) =>
    [before, after].includes('update'),
  )
  const isRefused = (actual.status === 422 || actual.status === 409) && expected.status === 200
  return mayRefuse && isRefused ? expected : actual
}

function defaultsOf({ entity }: Look, given: Facts): string[] {
  const fields = [...entity.fields.values()].filter(
    ({ definition, apiName }) => definition.default !== undefined && given[apiName] === undefined,
  )
  return fields.map(({ apiName }) => apiName)
}

/** Of which the platform fills what nobody writes: made through a form, they lack it. */
const ofDeeds: ReadonlySet<string> = new Set(['platform.api-keys:key', 'platform.workflows:run'])

/** Whether a required field is missing that they would have to give. */
function lacks({ entity, person }: Look, given: Facts): boolean {
  return [...entity.fields.values()].some(
    ({ required, readOnly, apiName, definition }) =>
      required &&
      definition.default === undefined &&
      given[apiName] === undefined &&
      (!readOnly || ofDeeds.has(entity.ref)) &&
      person.oracle.ever('create', entity.ref, apiName),
  )
}

/** A value that somebody may give: relations lead to records that they see. Undefined when there is none. */
export function valueFor(look: Look, field: Field, current: unknown): unknown {
  const { setting, person } = look
  const { random, model, world } = setting
  const seen = (ref: string): string | null => {
    const records = [...(setting.living.get(ref)?.values() ?? [])]
    const some = records.filter((record) => person.oracle.may('read', ref, record))
    return some.length === 0 ? null : (random.pick(some)['id'] as string)
  }
  const source = { ...world.source, target: seen }
  const options = Object.keys(field.definition.options ?? {})
  if (field.readOnly) return 'whatever'
  // Nobody joins the team of those whose rights are compared.
  if (look.entity.ref === 'kernel:user' && field.key === 'team') return undefined
  const value =
    field.typeDefinition.kind === 'option'
      ? random.pick(options)
      : field.apiName === 'ownerId'
        ? seen('kernel:user')
        : sampleValue(look.entity, field, model, source)
  if (value === null || JSON.stringify(value) === JSON.stringify(current)) return undefined
  return value
}

/** The required fields as far as somebody may give them. */
export function requiredValues(look: Look): Record<string, unknown> {
  const { entity, person } = look
  const values: Record<string, unknown> = {}
  for (const field of entity.fields.values()) {
    const { oracle } = person
    const isMine = oracle.ever('create', entity.ref, field.apiName)
    const isKnown =
      !oracle.ever('read', entity.ref) || oracle.ever('read', entity.ref, field.apiName)
    if (!field.required || field.readOnly || !isMine || !isKnown) continue
    values[field.apiName] = valueFor(look, field, null)
  }
  return values
}

/** A record as it will be, when these values are given for it. */
export function factsOfNew({ entity, person }: Look, given: Facts): Facts {
  const facts: Record<string, unknown> = {}
  for (const field of entity.byApiName.values()) {
    facts[field.apiName] = given[field.apiName] ?? field.definition.default ?? null
  }
  return { ...facts, ownerId: given['ownerId'] ?? person.userId }
}

/** Creates with one more field after the other. */
export async function checkCreate(look: Look): Promise<void> {
  const { cells, entity, setting } = look
  // Of what is theirs alone people make one, which nobody else finds.
  if (entity.definition.private) return
  for (const field of chosen(look)) {
    const value = valueFor(look, field, null)
    if (value === undefined) continue
    const given = { ...requiredValues(look), [field.apiName]: value }
    const expected = expectedWrite(look, 'create', factsOfNew(look, given), given)
    const reply = await ask(look, 'POST', addressOf(look), given)
    cells.compare('create', nameOf(look, field.apiName), brief(reply), expected)
    if (reply.status !== 201) continue
    const { id } = reply.body as { id: string }
    const url = `/${entity.plural}/${id}`
    const facts = await succeed<Facts>(setting.world.key.call('GET', url))
    setting.living.get(entity.ref)!.set(id, facts)
    checkAnswer(look, 'create', reply, id)
  }
}

/** What was written comes back as they see it; out of their sight, only which record it was. */
function checkAnswer(look: Look, surface: string, { body }: Reply, id: string): void {
  const { cells, entity, person, setting } = look
  const { oracle } = person
  const facts = setting.living.get(entity.ref)!.get(id)!
  const shown = oracle.may('read', entity.ref, facts)
    ? shownRecord(oracle, entity, facts)
    : { id, version: facts['version'] }
  cells.compareFields(surface, nameOf(look, `answer ${id}`), body as Facts, shown)
}

/** Changes one field after the other, of records that somebody sees, and of such as they do not. */
export async function checkUpdate(look: Look): Promise<void> {
  const { cells, entity, setting } = look
  for (const record of someRecords(look, 3)) {
    const id = record['id'] as string
    for (const field of chosen(look)) {
      const now = setting.living.get(entity.ref)!.get(id)!
      const value = valueFor(look, field, now[field.apiName])
      if (value === undefined) continue
      const given = { [field.apiName]: value }
      const expected = expectedWrite(look, 'update', now, given)
      const reply = await ask(look, 'PATCH', `${addressOf(look)}/${id}`, given)
      const where = nameOf(look, `${id}.${field.apiName}`)
      cells.compare('update', where, pastHooks(look, brief(reply), expected), expected)
      await afterWrite(look, [id])
      if (reply.status === 200) checkAnswer(look, 'update', reply, id)
    }
  }
}

/** The same in one request, in which each record has its own fate. */
export async function checkBulk(look: Look): Promise<void> {
  const { cells, entity, person, setting } = look
  // An item's id and version say which record is meant.
  const fields = chosen(look).filter(({ apiName }) => !['id', 'version'].includes(apiName))
  if (fields.length === 0) return
  const items = someRecords(look, 8).flatMap((record) => {
    const field = setting.random.pick(fields)
    const value = valueFor(look, field, record[field.apiName])
    return value === undefined ? [] : [{ record, given: { [field.apiName]: value } }]
  })
  if (items.length === 0) return
  const update = items.map(({ record, given }) => ({ id: record['id'], ...given }))
  const reply = await ask(look, 'POST', `${addressOf(look)}/bulk`, { update, atomic: false })
  if (person.oracle.lacksScope('update', entity.ref)) {
    cells.compare('bulk', nameOf(look, ''), outcome(reply), refused('SCOPE_MISSING'))
    return
  }
  cells.compare('bulk', nameOf(look, JSON.stringify(update)), brief(reply), {
    status: 200,
    code: null,
  })
  const { results = [] } = reply.body as {
    results?: { index: number; status: string; problem?: Outcome }[]
  }
  for (const { index, status, problem } of results) {
    const { record, given } = items[index]!
    const expected = expectedWrite(look, 'update', record, given)
    const actual = problem
      ? { status: problem.status, code: problem.code }
      : { status: status === 'failed' ? 500 : 200, code: null }
    const where = nameOf(look, JSON.stringify(update[index]))
    cells.compare('bulk', where, pastHooks(look, actual, expected), expected)
  }
  await afterWrite(
    look,
    items.map(({ record }) => record['id'] as string),
  )
}

/** Deletes and restores records that are there for it. */
export async function checkDelete(look: Look): Promise<void> {
  const { cells, entity, person, setting } = look
  const { oracle } = person
  const { ref, plural } = entity
  if (ref === 'platform.api-keys:key' || entity.definition.private || isFormless(entity)) return
  const owner = setting.random.pick([person.userId, setting.world.userId, null])
  const body = { ...(await setting.world.values(entity)), ownerId: owner }
  const { id } = await succeed<{ id: string }>(setting.world.key.call('POST', `/${plural}`, body))
  const facts = await succeed<Facts>(setting.world.key.call('GET', `/${plural}/${id}`))
  const expected = (operation: 'delete' | 'restore', done: number): Outcome => {
    if (oracle.lacksScope(operation, ref)) return refused('SCOPE_MISSING')
    const isSeen = oracle.may('read', ref, facts)
    if (oracle.ever(operation, ref) && managed.includes(ref) && !oracle.allows('members:manage')) {
      return operation === 'restore' || isSeen ? refused('FORBIDDEN') : refused('NOT_FOUND', 404)
    }
    if (!isSeen) return refused('NOT_FOUND', 404)
    return oracle.may(operation, ref, facts) ? { status: done, code: null } : refused('FORBIDDEN')
  }
  const gone = await ask(look, 'DELETE', `${addressOf(look)}/${id}`)
  cells.compare('delete', nameOf(look, id), brief(gone), expected('delete', 204))
  if (gone.status !== 204) await succeed(setting.world.key.call('DELETE', `/${plural}/${id}`))
  const back = await ask(look, 'POST', `${addressOf(look)}/${id}/restore`)
  cells.compare('restore', nameOf(look, id), brief(back), expected('restore', 200))
  if (back.status === 200) setting.living.get(ref)!.set(id, facts)
  else setting.deleted.get(ref)!.set(id, facts)
}

/** Writes through the code of a plugin, which has no more rights than whoever it acts for. */
export async function checkActionWrite(look: Look): Promise<void> {
  const { cells, entity, person, setting } = look
  const [record] = someRecords(look, 1)
  const field = setting.random.pick(chosen(look).filter(({ readOnly }) => !readOnly))
  if (!record || !field) return
  const value = valueFor(look, field, record[field.apiName])
  if (value === undefined) return
  const given = { [field.apiName]: value }
  const input = { method: 'update', entity: entity.ref, id: record['id'], values: given }
  const reply = await ask(look, 'POST', '/actions/suites.probe:write', { input })
  const isAllowed = person.oracle.allows('actions:suites.probe:write')
  const { status, code } = expectedWrite(look, 'update', record, given)
  const where = nameOf(look, JSON.stringify(given))
  if (!isAllowed) cells.compare('action', where, reply.status, 403)
  // Inside of a handler there is no difference between a scope and a role that is missing.
  else if (code === 'SCOPE_MISSING') cells.compare('action', where, reply.status >= 400, true)
  else {
    const expected = { status, code }
    cells.compare('action', where, pastHooks(look, brief(reply), expected), expected)
  }
  await afterWrite(look, [record['id'] as string])
}

export const brief = (reply: Reply): Outcome =>
  reply.status < 300 ? { status: reply.status, code: null } : outcome(reply)

/** Fields to be written: those that may be, one that may not, each by chance. */
function chosen({ entity, setting, density }: Look): Field[] {
  return [...entity.byApiName.values()].filter((field) =>
    field.readOnly ? setting.random.chance(density / 8) : setting.random.chance(density),
  )
}

/** Records of all kinds, without those of the people themselves. */
function someRecords({ setting, entity }: Look, most: number): Facts[] {
  const records = [...setting.living.get(entity.ref)!.values()]
  const free = records.filter(({ id }) => !setting.members.has(id as string))
  return shuffled(free, setting.random.next).slice(0, most)
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => [next(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}

/** What is there now; nobody wrote what they may not, or the next comparisons differ. */
async function afterWrite({ setting, entity }: Look, ids: readonly string[]): Promise<void> {
  if (entity.definition.private) return setting.load(entity)
  for (const id of ids) {
    const { statusCode, body } = await setting.world.key.call('GET', `/${entity.plural}/${id}`)
    if (statusCode === 200) setting.living.get(entity.ref)!.set(id, JSON.parse(body) as Facts)
  }
}

/** Facts that are not what a fresh look at everything finds: somebody wrote past what was answered. */
export async function unexpectedWrites(
  setting: Look['setting'],
  entity: Entity,
): Promise<string[]> {
  const before = new Map(setting.living.get(entity.ref))
  await setting.load(entity)
  return [...setting.living.get(entity.ref)!].flatMap(([id, now]) => {
    const known = before.get(id)
    return known && JSON.stringify(known) !== JSON.stringify(now) ? [`${entity.plural} ${id}`] : []
  })
}
