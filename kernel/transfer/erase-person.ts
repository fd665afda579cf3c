import { ForbiddenError, InvalidError, NotFoundError, type RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { termOf } from '../model/words.ts'
import type { Writer } from '../records/change-set.ts'
import type { Reader } from '../records/read.ts'
import { asSystem } from '../records/relations.ts'
import type { TransactionContext } from '../records/transactions.ts'
import { clearRecords } from './clear-records.ts'
import { type FileErasure, findFiles, holdersOf } from './erase-files.ts'
import { forgetElsewhere } from './forget-elsewhere.ts'
import { forgetHistory } from './forget-history.ts'
import { findRelated, loadRecords } from './found-records.ts'
import { forgetNames, userEntity } from './member-names.ts'
import { kindOf, personalFields, traitsOf } from './personal-values.ts'

export interface ErasureDeps {
  readonly reader: Reader
  /** Without hooks of plugins: nobody refuses that a person is erased. */
  readonly writer: Writer
  readonly files: FileErasure
  /** What lets a member in, and without one invitations to the emails; ids of the keys that are revoked. */
  readonly forgetMember: (
    orgId: string,
    member: string | null,
    emails: readonly string[],
  ) => Promise<{ readonly gone: number; readonly keys: readonly string[] }>
  readonly noteRevoked: (orgId: string, keys: readonly string[]) => Promise<void>
  /** Writes what still waits to be written of what was done. */
  readonly settle: () => Promise<void>
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
/** Every row of an organisation may be looked at. */
const statementMs = 300_000

/** `kernel.erasure`, version 1: takes the personal values of a record out of everything, and leaves ids. */
export function createErasure(deps: ErasureDeps) {
  const { reader, writer, files } = deps

  /**
   * @throws ForbiddenError, NotFoundError, LastAdminError; InvalidError when the entity is unknown or holds
   *   nothing personal.
   */
  async function erase(ctx: RequestContext, input: ErasureInput): Promise<ErasureAnswer> {
    const entity =
      ctx.model.entities.get(input.entity) ?? ctx.model.entityByPlural.get(input.entity)
    if (!entity) throw invalid('There is no such entity.')
    if (personalFields(entity).length === 0)
      throw invalid(`No field of "${termOf(ctx, entity).one}" is personal.`)
    assertMayErase(ctx, entity, await find(ctx, entity, input.id))
    const dryRun = input.dryRun === true
    const undo = new Error('Nothing was to be done.')
    const answer: { counts?: Record<string, number>; alike?: ErasureAnswer['alike'] } = {}
    let gone: readonly string[] = []
    let keys: readonly string[] = []
    await deps.settle()
    try {
      await writer.transaction(
        { ...asSystem(ctx), tx: null, changeSet: null },
        async (inner) => {
          await inner.tx.one(patience)
          const person = await find(inner, entity, input.id)
          answer.alike = await alikeOf(inner, entity, person)
          const done = await eraseAll(inner, entity, person, input)
          answer.counts = done.counts
          if (dryRun) throw undo
          await inner.tx.one({
            text: 'update tenant.change_set set is_final = true where org_id = $1 and id = $2',
            values: [ctx.org.id, inner.changeSet?.id],
          })
          gone = done.files
          // Last, for neither can be undone: whatever might still refuse has not.
          const signIn = await deps.forgetMember(ctx.org.id, done.member, done.emails)
          answer.counts['signIn'] = signIn.gone + signIn.keys.length
          keys = signIn.keys
          await files.removeOfPlugins(inner, done.ofPlugins)
        },
        { label, door: 'action', workflows: 'skip', keepEmpty: true },
      )
    } catch (error) {
      if (error !== undo) throw error
    }
    await files.remove(ctx, gone)
    if (keys.length > 0) await deps.noteRevoked(ctx.org.id, keys)
    return { dryRun, counts: answer.counts ?? {}, alike: answer.alike ?? [] }
  }

  async function eraseAll(
    ctx: TransactionContext,
    entity: Entity,
    person: RecordData,
    input: ErasureInput,
  ) {
    const [own] = await loadRecords(ctx, entity, 'own', [input.id], null)
    if (!own) throw new NotFoundError()
    const told = await traitsOf(ctx, own, person)
    const related = input.related === false ? [] : await findRelated(ctx, entity, input.id)
    const records = [own]
    for (const { entity: from, tie, ids } of related)
      records.push(...(await loadRecords(ctx, from, tie, ids, tie === 'about' ? null : told.words)))
    const found = await findFiles(ctx, files, records, told.words)
    const traits = { ...told, files: new Set(found.map((file) => file.id)) }
    const holders = await holdersOf(ctx, found, records)
    const changed = await clearRecords(ctx, writer, [...records, ...holders], traits)
    const fields = new Set(found.flatMap(({ uses }) => uses.map((use) => use.field)))
    const groups = [
      { entity, tie: own.tie, ids: [own.id] },
      ...related,
      ...holders.map((one) => ({ entity: one.entity, tie: one.tie, ids: [one.id] })),
    ]
    let history = 0
    for (const group of groups) history += await forgetHistory(ctx, group, traits, fields)
    const about = records.filter(({ tie }) => tie === 'own' || tie === 'about')
    const idsOf = (some: readonly { readonly id: string }[]) => some.map(({ id }) => id)
    const elsewhere = await forgetElsewhere(
      ctx,
      { ids: idsOf(about), touched: idsOf([...records, ...holders]) },
      told.words,
    )
    await files.forget(ctx, [...traits.files])
    const ofPlugins = await files.naming(ctx, elsewhere.files, told.words)
    const member = entity.ref === userEntity ? input.id : null
    const names = member === null ? 0 : await forgetNames(ctx, member)
    const counts = {
      records: changed,
      history,
      names,
      ...elsewhere.counts,
      files: traits.files.size + ofPlugins.reduce((sum, { ids }) => sum + ids.length, 0),
    }
    const emails = told.words.filter((word) => word.includes('@'))
    return { counts, files: [...traits.files], ofPlugins, member, emails }
  }

  /** The record of the person, in the trash too. @throws NotFoundError */
  async function find(ctx: RequestContext, entity: Entity, id: string): Promise<RecordData> {
    try {
      return await reader.get(ctx, entity, id)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      const query = { filter: { id }, deleted: 'only', limit: 1 } as const
      const [found] = (await reader.list(ctx, entity, query)).data
      if (!found) throw error
      return found
    }
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

const patience = {
  text: `select 1 where pg_catalog.set_config('statement_timeout', $1, true) is null`,
  values: [String(statementMs)],
}

function emailFields(entity: Entity): Field[] {
  return [...entity.fields.values()].filter(
    (field) => kindOf(field) === 'email' && field.storage.in !== 'computed',
  )
}

function assertMayErase(ctx: RequestContext, entity: Entity, person: RecordData): void {
  if (!ctx.ability.allows('members:manage'))
    throw new ForbiddenError('Only those who manage members may erase a person.')
  // Their name would come back beside this very deed.
  if (entity.ref === userEntity && person.id === ctx.principal.userId)
    throw new ForbiddenError('Nobody erases themselves. Another admin can.')
  for (const operation of ['update', 'delete'] as const) {
    if (ctx.ability.matches(operation, entity.ref, person)) continue
    const reason = ctx.ability.reason(operation, entity.ref, person)
    throw new ForbiddenError(reason ?? `You may not ${operation} this record.`)
  }
}

function invalid(message: string) {
  return new InvalidError(message, {
    errors: [{ path: 'entity', code: 'UNKNOWN_OPTION', message }],
  })
}
