import { type FieldValues, NotFoundError, type RecordData, type RunwayError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { isUuid, uuidv7 } from '../database/uuid.ts'
import type { Entity, Field } from '../model/model.ts'
import { type AttachFiles, fillFiles } from './attach-files.ts'
import { asConcurrentWrite } from './concurrent-change.ts'
import { asItemError } from './errors-of-many.ts'
import { forbiddenError } from './explain-rows.ts'
import { holdFieldRules, isRuled } from './field-rules.ts'
import type { Codecs } from './fields.ts'
import { rightsFirst } from './hook-refusals.ts'
import type { HookRunner } from './hooks.ts'
import {
  isBound,
  keptError,
  keptFields,
  leaveOut,
  leavesOut,
  writtenByPeople,
} from './keep-person.ts'
import type { KernelHooks, Written } from './kernel-hooks.ts'
import type { Reader } from './read.ts'
import {
  applyDeleteEffects,
  asSystem,
  hasReferences,
  incomingRelations,
  lockStatement,
  missingReferenceError,
  missingReferences,
} from './relations.ts'
import { hasLinks, resolveLinks } from './resolve-links.ts'
import { storedFields } from './stored-fields.ts'
import { assertNotDraft, type Transactions } from './transactions.ts'
import { assertValid, invalidError, type StorageValues, type Validator } from './validate.ts'
import type { RowOperation } from './write-checks.ts'
import type { RowOutcome, RowWriter, WriteOptions } from './write-rows.ts'
import { mergeValues, type RowItem } from './write-values.ts'

/** One record to be written, in the terms of the API. */
export interface Draft {
  /** Of an existing record; a create makes its own. */
  readonly id?: string | undefined
  readonly version?: number | undefined
  readonly values?: FieldValues | undefined
  /** Values from the ledger instead: checked when they were first written, set again as they were. */
  readonly stored?: StorageValues | undefined
}

export interface WriteRecordsDeps {
  readonly db: Pick<Database, 'query'>
  readonly rows: RowWriter
  readonly codecs: Codecs
  readonly reader: Pick<Reader, 'getMany'>
  readonly validator: Validator
  readonly hooks: HookRunner
  readonly kernelHooks: KernelHooks
  readonly attachFiles: AttachFiles
  /** Runs in the transaction of the context, or in one of its own with a change set of its own. */
  readonly transaction: Transactions['transaction']
}

/** A draft on its way: either it has failed, or it has a row. */
interface Step {
  draft: Draft
  readonly id: string
  /** The fields that the actor names. */
  fields: readonly Field[]
  values?: StorageValues
  error?: RunwayError
}

/**
 * Writes records of one entity: validates, runs hooks, looks after relations, then writes the rows. Each
 * record fails alone; whoever wants all or nothing throws inside a transaction.
 */
export function createRecordWriter(deps: WriteRecordsDeps) {
  const { rows, codecs, validator, hooks, kernelHooks } = deps

  async function write(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    drafts: readonly Draft[],
    options: WriteOptions,
  ): Promise<RowOutcome[]> {
    assertNotDraft(ctx)
    const steps = drafts.map((draft): Step => ({ draft, id: draft.id ?? uuidv7(), fields: [] }))
    if (operation !== 'create')
      for (const step of steps) if (!isUuid(step.id)) step.error = new NotFoundError()
    if (!ctx.ability.can(operation, entity.ref)) return refuseAll(ctx, entity, operation, steps)
    if (operation === 'create' || operation === 'update')
      await fillFiles(ctx, entity, alive(steps), deps.attachFiles)
    await check(ctx, entity, operation, steps)
    if (operation === 'update') await keepWhatPeopleWrote(ctx, entity, steps)
    const isOneWrite =
      steps.length === 1 && operation !== 'delete' && !hooks.appliesAfter(ctx, entity, operation)
    const outcomes = await (needsTransaction(ctx, entity, operation, steps)
      ? deps.transaction(ctx, (inner) => inTransaction(inner, entity, operation, steps, options), {
          retry: true,
          isOneWrite,
        })
      : rows.write(ctx, entity, operation, itemsOf(ctx, operation, steps), options))
    const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
    return steps.map(
      (step): RowOutcome =>
        step.error
          ? { status: 'failed', id: step.id, error: step.error }
          : (byId.get(step.id) as RowOutcome),
    )
  }

  /** Nobody is told more than 404 of a record that is not theirs to see. */
  function refuseAll(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
  ): Promise<RowOutcome[]> {
    if (operation === 'create')
      return Promise.resolve(
        steps.map(({ id }) => ({
          status: 'failed',
          id,
          error: forbiddenError(ctx, entity, operation),
        })),
      )
    const known = steps.filter((step) => !step.error).map(({ id }) => ({ id }))
    return rows
      .explain(ctx, entity, operation, known, { relations: false, broken: false, isLast: true })
      .then((answers) =>
        steps.map(({ id, error }): RowOutcome => {
          const why = error ?? answers.get(id)
          return {
            status: 'failed',
            id,
            error: why && why !== 'unchanged' ? why : forbiddenError(ctx, entity, operation),
          }
        }),
      )
  }

  async function check(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
  ): Promise<void> {
    if (operation !== 'create' && operation !== 'update') return
    const refused = new Map<Step, RunwayError>()
    for (const step of alive(steps)) {
      try {
        if (step.draft.stored) {
          step.fields = storedFields(ctx, entity, operation, step.draft.stored)
          step.values = step.draft.stored
        } else {
          const values = kernelHooks.named(ctx, entity, step.draft.values ?? {})
          const checked = validator.check(ctx, entity, operation, values)
          assertValid(ctx, [checked], entity)
          step.fields = checked.fields
          step.values = checked.values
        }
      } catch (error) {
        step.error = asItemError(error)
        continue
      }
      if (operation === 'update') continue
      try {
        runHooks(ctx, entity, operation, step, null)
        holdFieldRules(ctx, entity, step, null, codecs)
      } catch (error) {
        refused.set(step, asItemError(error))
      }
    }
    await refuse(ctx, entity, operation, refused)
  }

  /** Refusals of hooks and rules, after the rights of whoever writes. */
  async function refuse(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    refused: ReadonlyMap<Step, RunwayError>,
  ): Promise<void> {
    const items = itemsOf(ctx, operation, [...refused.keys()])
    const reasons = await rightsFirst(rows.explain, ctx, entity, operation, items)
    for (const [step, refusal] of refused) step.error = reasons.get(step.id) ?? refusal
  }

  /** Imports leave such values out; a single request is refused. What is taken back is not bound. */
  async function keepWhatPeopleWrote(
    ctx: RequestContext,
    entity: Entity,
    steps: readonly Step[],
  ): Promise<void> {
    const guarded = keptFields(entity)
    if (guarded.length === 0 || !isBound(ctx)) return
    const given = alive(steps).filter(({ draft }) => !draft.stored)
    const touched = guarded.filter((field) => given.some(({ fields }) => fields.includes(field)))
    if (touched.length === 0) return
    const touching = given.filter(({ fields }) => fields.some((field) => touched.includes(field)))
    const ids = touching.map(({ id }) => id)
    const peoples = await writtenByPeople(ctx, entity, ids, touched, run)
    for (const step of touching) {
      const kept = step.fields.filter((field) => peoples.get(step.id)?.has(field))
      if (kept.length === 0) continue
      if (leavesOut(ctx)) {
        step.fields = step.fields.filter((field) => !kept.includes(field))
        step.values = leaveOut(entity, step.values as StorageValues, kept)
      } else step.error = keptError(ctx, entity, kept)
    }
  }

  async function run<R>(ctx: RequestContext, statement: Statement): Promise<R[]> {
    const { rows } = await (ctx.tx
      ? ctx.tx.one<R>(statement)
      : deps.db.query<R>(ctx.org.id, statement))
    return rows
  }

  function needsTransaction(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
  ): boolean {
    if (steps.length > 1 || kernelHooks.applies(entity)) return true
    if (hooks.appliesAfter(ctx, entity, operation)) return true
    if (operation === 'create' || operation === 'update') {
      if (alive(steps).some((step) => isToResolve(entity, step))) return true
      if (hasReferences(entity, itemsOf(ctx, operation, steps))) return true
      if (operation === 'create') return false
      return hooks.applies(ctx, entity, operation) || alive(steps).some(isRuled(entity))
    }
    if (operation === 'delete')
      return (
        hooks.applies(ctx, entity, operation) || incomingRelations(ctx.model, entity.ref).length > 0
      )
    return false
  }

  async function inTransaction(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    steps: Step[],
    options: WriteOptions,
  ): Promise<RowOutcome[]> {
    const before = await runBefore(ctx, entity, operation, steps)
    await resolveLists(ctx, entity, operation, steps)
    await checkReferences(ctx, entity, operation, steps, options)
    const work = () =>
      hooks.appliesAfter(ctx, entity, operation)
        ? writeAndFollow(ctx, entity, operation, steps, options, before)
        : writeRows(ctx, entity, operation, steps, options)
    if (!kernelHooks.applies(entity)) return work()
    return kernelHooks.around(ctx, entity, operation, alive(steps).map(written), work)
  }

  function writeRows(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
    options: WriteOptions,
  ): Promise<RowOutcome[]> {
    const items = itemsOf(ctx, operation, steps)
    return operation === 'delete'
      ? deleteRows(ctx, entity, items, options)
      : rows.write(ctx, entity, operation, items, options)
  }

  /**
   * Writes, and then runs the hooks that follow. When one of them refuses, nothing is written; of several
   * records each has its own fate.
   */
  async function writeAndFollow(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
    options: WriteOptions,
    before: ReadonlyMap<string, RecordData>,
  ): Promise<RowOutcome[]> {
    const left = alive(steps)
    if (left.length === 0) return []
    try {
      return await ctx.tx.savepoint(async () => {
        const outcomes = await writeRows(ctx, entity, operation, steps, options)
        const records = outcomes
          .filter(({ status }) => status === 'written')
          .map(({ id }) => ({ id, before: before.get(id) ?? null }))
        if (records.length > 0)
          await hooks.runAfter(ctx, entity, { operation, door: ctx.door, records })
        return outcomes
      })
    } catch (error) {
      const known = asItemError(error)
      if (left.length === 1) return [{ status: 'failed', id: (left[0] as Step).id, error: known }]
    }
    const outcomes: RowOutcome[] = []
    for (const step of left)
      outcomes.push(...(await writeAndFollow(ctx, entity, operation, [step], options, before)))
    return outcomes
  }

  /**
   * Hooks that need the record as it is, which is locked from here on.
   * @returns the records as they were, when any hook needs them.
   */
  async function runBefore(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
  ): Promise<ReadonlyMap<string, RecordData>> {
    const isOfOld = operation === 'update' || operation === 'delete'
    const hooked = isOfOld && hooks.applies(ctx, entity, operation)
    const isKernels = kernelHooks.applies(entity)
    const isFollowed = isOfOld && hooks.appliesAfter(ctx, entity, operation)
    const ruled = operation === 'update' && (hooked || alive(steps).some(isRuled(entity)))
    if (!hooked && !isKernels && !isFollowed && !ruled) return new Map<string, RecordData>()
    const before =
      operation === 'create'
        ? new Map<string, RecordData>()
        : await loadBefore(ctx, entity, operation, alive(steps))
    const refused = new Map<Step, RunwayError>()
    for (const step of alive(steps)) {
      const record = before.get(step.id) ?? null
      // Missing or deleted: the statement that writes finds out and says so.
      if (record === null && (operation === 'update' || operation === 'delete')) continue
      try {
        if (hooked) runHooks(ctx, entity, operation, step, record)
        if (ruled) holdFieldRules(ctx, entity, step, record, codecs)
      } catch (error) {
        refused.set(step, asItemError(error))
        continue
      }
      try {
        if (isKernels) kernelHooks.check(ctx, entity, operation, written(step), record)
      } catch (error) {
        step.error = asItemError(error)
      }
    }
    await refuse(ctx, entity, operation, refused)
    return before
  }

  /** One after the other where a relation may refuse, so that one refusal does not undo the rest. */
  async function deleteRows(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    items: readonly RowItem[],
    options: WriteOptions,
  ): Promise<RowOutcome[]> {
    const relations = incomingRelations(ctx.model, entity.ref)
    if (relations.length === 0 || items.length === 0)
      return rows.write(ctx, entity, 'delete', items, options)
    const remove = async (some: readonly RowItem[]) => {
      const ids = some.map((item) => item.id)
      await ctx.tx.run([lockStatement(ctx.org.id, entity, ids)]).catch(asConcurrentWrite)
      const outcomes = await rows.write(ctx, entity, 'delete', some, options)
      const gone = outcomes.filter(({ status }) => status === 'written').map(({ id }) => id)
      await applyDeleteEffects(ctx, entity, gone, { rows, deleteRows: cascade })
      return outcomes
    }
    try {
      return await ctx.tx.savepoint(() => remove(items))
    } catch (error) {
      const known = asItemError(error)
      if (items.length === 1)
        return [{ status: 'failed', id: (items[0] as RowItem).id, error: known }]
    }
    const outcomes: RowOutcome[] = []
    for (const item of items) outcomes.push(...(await deleteRows(ctx, entity, [item], options)))
    return outcomes
  }

  function cascade(ctx: RequestContext, entity: Entity, items: readonly { id: string }[]) {
    return write(ctx, entity, 'delete', items, { answer: 'version' })
  }

  function runHooks(
    ctx: RequestContext,
    entity: Entity,
    operation: 'create' | 'update' | 'delete' | 'restore',
    step: Step,
    before: RecordData | null,
  ): void {
    if (operation === 'restore' || !hooks.applies(ctx, entity, operation)) return
    const values = hooks.run(ctx, entity, {
      operation,
      before,
      values: step.draft.values ?? {},
    })
    // What comes from the ledger is set as it was: hooks may refuse it, not add to it.
    if (operation === 'delete' || step.draft.stored || Object.keys(values).length === 0) return
    const set = validator.check(ctx, entity, operation, values, '', true)
    assertValid(ctx, [set], entity)
    step.values = mergeValues(step.values as StorageValues, set.values)
  }

  /**
   * Locks the records and reads them whole, whatever of them the actor may see: hooks decide on the facts.
   * A record that the actor may not see at all is none, so that no hook's refusal tells that it is there.
   */
  async function loadBefore(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
  ): Promise<ReadonlyMap<string, RecordData>> {
    const ids = steps.map((step) => step.id)
    const strength = operation === 'delete' ? 'for update' : 'for no key update'
    await ctx.tx.run([lockStatement(ctx.org.id, entity, ids, strength)]).catch(asConcurrentWrite)
    const records = await deps.reader.getMany(asSystem(ctx), entity, ids)
    if (ctx.ability.condition('read', entity.ref) === true) return records
    const seen = await deps.reader.getMany(ctx, entity, ids, { fields: ['id'] })
    return new Map([...records].filter(([id]) => seen.has(id)))
  }

  /** Locks the records first: two who add to one list both have their way. */
  async function resolveLists(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
  ): Promise<void> {
    if (operation !== 'create' && operation !== 'update') return
    const wishes = alive(steps).flatMap((step) =>
      step.values && isToResolve(entity, step) ? [{ id: step.id, values: step.values }] : [],
    )
    if (wishes.length === 0) return
    const ids = wishes.map(({ id }) => id)
    if (operation === 'update')
      await ctx.tx.run([lockStatement(ctx.org.id, entity, ids)]).catch(asConcurrentWrite)
    const answers = await resolveLinks(ctx, entity, operation, wishes, codecs)
    for (const step of steps) {
      const answer = answers.get(step.id)
      if (!answer || step.error) continue
      if (answer.issues.length > 0) step.error = invalidError(answer.issues)
      else step.values = answer.values
    }
  }

  async function checkReferences(
    ctx: RequestContext & { readonly tx: Tx },
    entity: Entity,
    operation: RowOperation,
    steps: readonly Step[],
    { checkRelations = true }: WriteOptions,
  ): Promise<void> {
    if (!checkRelations || (operation !== 'create' && operation !== 'update')) return
    const items = itemsOf(ctx, operation, steps)
    if (!hasReferences(entity, items)) return
    const missing = await missingReferences(ctx, entity, items, codecs)
    const names = new Map([...missing].map(([item, paths]) => [item.id, paths]))
    for (const step of steps) {
      const paths = names.get(step.id)
      if (paths && !step.error) step.error = missingReferenceError(paths)
    }
  }

  return { write }
}
export type RecordWriter = ReturnType<typeof createRecordWriter>

const alive = (steps: readonly Step[]): Step[] => steps.filter((step) => !step.error)
const written = ({ fields, values }: Step): Written => ({ fields, values })

/** What comes from the ledger is set as it was. */
const isToResolve = (entity: Entity, { draft, values }: Step): boolean =>
  draft.stored === undefined && hasLinks(entity, values)

function itemsOf(ctx: RequestContext, operation: RowOperation, steps: readonly Step[]): RowItem[] {
  return alive(steps).map(({ id, draft, values }) => ({
    id,
    version: draft.version,
    values: operation === 'create' ? withOwner(ctx, values as StorageValues) : values,
  }))
}

/** Whoever creates a record owns it, unless somebody else is named. */
function withOwner(ctx: RequestContext, values: StorageValues): StorageValues {
  if (values.columns.owner_id !== undefined || ctx.principal.userId === null) return values
  return { ...values, columns: { ...values.columns, owner_id: ctx.principal.userId } }
}
