import { ForbiddenError, InvalidError, type RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import type { Writer } from '../records/change-set.ts'
import { pointersTo, pointingStatements } from '../records/pointers.ts'
import type { Reader } from '../records/read.ts'
import { asSystem } from '../records/relations.ts'
import type { TransactionContext } from '../records/transactions.ts'
import { type FoundIn, forgetElsewhere, forgetLedger } from './forget-elsewhere.ts'
import { erasedValues, kindOf, personalFields, wordsOf } from './personal-values.ts'

export interface ErasureDeps {
  readonly reader: Reader
  readonly writer: Writer
  /** Removes those of a plugin's files that hold one of the words. */
  readonly forgetFiles: (
    orgId: string,
    plugin: string,
    ids: readonly string[],
    words: readonly string[],
  ) => Promise<number>
}

export interface ErasureInput {
  /** Plural or reference. */
  readonly entity: string
  readonly id: string
  /** Records that lead to the person too; true when absent. */
  readonly related?: boolean
  readonly dryRun?: boolean
}

export interface ErasureAnswer {
  readonly dryRun: boolean
  /** How many of each place were changed, or would be. */
  readonly counts: Readonly<Record<string, number>>
  /** Other records with the same email, which stay as they are. */
  readonly alike: readonly { readonly entity: string; readonly id: string }[]
}

const label = 'Erased a person'

/** `kernel.erasure`, version 1: takes the personal values of a record out of everything, and leaves ids. */
export function createErasure({ reader, writer, forgetFiles }: ErasureDeps) {
  /**
   * @throws ForbiddenError, NotFoundError, LastAdminError; InvalidError when the entity is unknown or holds
   *   nothing personal.
   */
  async function erase(ctx: RequestContext, input: ErasureInput): Promise<ErasureAnswer> {
    const entity =
      ctx.model.entities.get(input.entity) ?? ctx.model.entityByPlural.get(input.entity)
    if (!entity) throw invalid('UNKNOWN_OPTION', 'There is no such entity.')
    if (personalFields(entity).length === 0)
      throw invalid('UNKNOWN_OPTION', `No field of "${entity.definition.label}" is personal.`)
    const person = await reader.get(ctx, entity, input.id)
    assertMayErase(ctx, entity, person)
    const system = asSystem(ctx)
    const dryRun = input.dryRun === true
    const undo = new Error('Nothing was to be done.')
    let answer: ErasureAnswer | null = null
    let files: FoundIn['files'] = []
    let words: readonly string[] = []
    try {
      await writer.transaction(
        { ...system, tx: null, changeSet: null },
        async (inner) => {
          const whole = await reader.get(inner, entity, input.id)
          const found = new Map<Entity, readonly string[]>([[entity, [input.id]]])
          if (input.related !== false) await addRelated(inner, entity, input.id, found)
          words = await wordsOf(inner, entity, whole)
          const alike = await alikeOf(inner, entity, whole)
          const records = await clear(inner, found)
          const history = await forgetLedger(inner, found)
          const ids = [...found.values()].flat()
          const elsewhere = await forgetElsewhere(inner, ids, words)
          files = elsewhere.files
          await inner.tx.one({
            text: 'update tenant.change_set set is_final = true where org_id = $1 and id = $2',
            values: [ctx.org.id, inner.changeSet?.id],
          })
          answer = { dryRun, counts: { records, history, ...elsewhere.counts }, alike }
          if (dryRun) throw undo
        },
        { label, door: 'action', workflows: 'skip', keepEmpty: true },
      )
    } catch (error) {
      if (error !== undo) throw error
    }
    let gone = 0
    if (!dryRun)
      for (const { plugin, ids } of files) gone += await forgetFiles(ctx.org.id, plugin, ids, words)
    const { counts, alike } = answer! as ErasureAnswer
    return { dryRun, counts: { ...counts, files: gone }, alike }
  }

  /** Through the writer: search, live pages and copies of values follow as with every change. */
  async function clear(
    ctx: TransactionContext,
    found: ReadonlyMap<Entity, readonly string[]>,
  ): Promise<number> {
    let count = 0
    for (const [entity, ids] of found)
      for (const id of ids) {
        const values = erasedValues(entity, id)
        if (Object.keys(values).length === 0) continue
        const [outcome] = await writer.records.write(ctx, entity, 'update', [{ id, values }], {
          answer: 'version',
        })
        if (outcome?.status === 'failed') throw outcome.error
        count++
      }
    return count
  }

  async function alikeOf(ctx: TransactionContext, own: Entity, person: RecordData) {
    const emails = emailFields(own).flatMap((field) => {
      const value = person[field.apiName]
      return typeof value === 'string' ? [value] : []
    })
    const alike: { entity: string; id: string }[] = []
    if (emails.length === 0) return alike
    for (const entity of ctx.model.entities.values()) {
      const fields = emailFields(entity)
      if (fields.length === 0) continue
      const filter = { $or: fields.map((field) => ({ [field.apiName]: { $in: emails } })) }
      const page = await reader.list(ctx, entity, { filter, fields: ['id'], limit: 100 })
      for (const { id } of page.data)
        if (id !== person.id) alike.push({ entity: entity.plural, id })
    }
    return alike
  }

  return { erase }
}

function emailFields(entity: Entity): Field[] {
  return [...entity.fields.values()].filter(
    (field) => kindOf(field) === 'email' && field.storage.in !== 'computed',
  )
}

/** Records of whatever entity that lead to the person, the deleted among them. */
async function addRelated(
  ctx: TransactionContext,
  target: Entity,
  id: string,
  found: Map<Entity, readonly string[]>,
): Promise<void> {
  for (const entity of ctx.model.entities.values()) {
    const pointers = pointersTo(entity, target.ref)
    if (!pointers || personalFields(entity).length === 0) continue
    const answers = await ctx.tx.run(pointingStatements(ctx.org.id, entity, pointers, [id]))
    const ids = new Set([
      ...(found.get(entity) ?? []),
      ...answers.flatMap(({ rows }) => rows.map((row) => String(row['id']))),
    ])
    if (ids.size > 0) found.set(entity, [...ids])
  }
}

function assertMayErase(ctx: RequestContext, entity: Entity, person: RecordData): void {
  if (!ctx.ability.allows('members:manage'))
    throw new ForbiddenError('Only those who manage members may erase a person.')
  for (const operation of ['update', 'delete'] as const) {
    if (ctx.ability.matches(operation, entity.ref, person)) continue
    const reason = ctx.ability.reason(operation, entity.ref, person)
    throw new ForbiddenError(reason ?? `You may not ${operation} this record.`)
  }
}

function invalid(code: 'UNKNOWN_OPTION', message: string) {
  return new InvalidError(message, { errors: [{ path: 'entity', code, message }] })
}
