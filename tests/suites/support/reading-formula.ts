import { ask, factsOf, type Look, nameOf, someFields, visibleOf } from './reading.ts'

/** Kinds that no formula reads. */
const outside: ReadonlySet<string> = new Set([
  'json',
  'reference',
  'actor',
  'file',
  'files',
  'relations',
  'composite',
])

/** A formula that is tried tells no more of a value than the record does: here whether there is one. */
export async function checkFormulas(look: Look): Promise<void> {
  const { cells, person, entity } = look
  const [seen] = [...visibleOf(look).values()]
  const [record] = seen ? [seen] : factsOf(look)
  if (!record) return
  for (const field of someFields(look)) {
    const { kind } = field.typeDefinition
    if (kind === undefined || outside.has(kind)) continue
    const body = {
      entity: entity.plural,
      formula: `is_blank(${field.apiName})`,
      recordId: record['id'],
    }
    const reply = await ask(look, 'POST', '/studio/formula', body)
    const where = nameOf(look, field.apiName)
    if (!person.oracle.allows('studio:read')) cells.compare('formula', where, reply.status, 403)
    else if (!seen) cells.compare('formula', where, reply.status, 404)
    else {
      const shown = person.oracle.shown(entity.ref, record, field.apiName) ?? null
      const { samples } = reply.body as { samples?: { value: unknown }[] }
      const isBlank = shown === null || (Array.isArray(shown) && shown.length === 0)
      cells.compare('formula', where, samples?.[0]?.value, isBlank)
    }
  }
}
