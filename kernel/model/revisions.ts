import {
  type Actor,
  DraftConflictError,
  InvalidError,
  NotFoundError,
  PlanStaleError,
  type Principal,
} from '@runwaycrm/sdk'
import { Type } from 'typebox'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { pathOfPlace } from '../manifest/problem.ts'
import { schemaCheck } from '../manifest/schema-check.ts'
import { assignSlots } from './assign-slots.ts'
import { canonicalJson, sha256 } from './canonical-json.ts'
import { checkDocument, refuseProblems, toIssue } from './check-document.ts'
import type { Desk } from './desk.ts'
import { applyOperations, type DraftOperation } from './draft-operations.ts'
import { refuseExcess } from './excess-rights.ts'
import { assignStorageIds, documentHash, type LayerDocument, toDocument } from './layer-document.ts'
import { type MergedOverride, needingReview } from './merge-overrides.ts'
import type { Model } from './model.ts'
import type { OrgModels } from './org-models.ts'
import {
  lockOrg,
  type OrgRow,
  type OrgWithDraftRow,
  selectOrgWithDraft,
  toOrgRow,
} from './org-row.ts'
import { type CountWhere, planChange } from './plan-change.ts'
import type { PlanItem } from './plan-item.ts'
import { type NamedUse, withUses } from './plan-uses.ts'
import { type ReviewDecision, resolveReview } from './resolve-review.ts'
import { withRestored } from './restore-archived.ts'
import { needSecondPerson } from './second-person.ts'

/** The own layer as its admins are changing it. */
export interface Draft {
  readonly document: LayerDocument
  /** The revision that it will follow. */
  readonly revision: number
  /** Whether it differs from what is published. */
  readonly changed: boolean
  /** Overrides that need somebody to look at them, since what they change has changed itself. */
  readonly review: readonly MergedOverride[]
}

export interface Plan {
  /** Of what was planned; `publish` takes no other. */
  readonly hash: string
  readonly items: readonly PlanItem[]
}

export interface Revision {
  readonly revision: number
  readonly message: string
  readonly author: Actor
  readonly createdAt: string
  /** The revision that it brought back, for a roll back. */
  readonly restores: number | null
}

/** Draft, plan, publish and roll back of the own layer of an organisation. */
export interface Revisions {
  draft(orgId: string): Promise<Draft>
  /** Draft and published side by side, to look at. */
  desk(orgId: string): Promise<Desk>
  /**
   * All operations or none.
   *
   * @throws DraftConflictError when a leaf has moved on, with both values in `extra.conflicts`.
   * @throws InvalidError with every problem of the result.
   */
  edit(orgId: string, operations: readonly DraftOperation[], actor: Actor): Promise<Draft>
  /** Decides about an override that needs a look, in the draft. @throws NotFoundError, InvalidError */
  resolve(orgId: string, decision: ReviewDecision, actor: Actor): Promise<Draft>
  /**
   * Brings a field or an entity of an older revision into the draft, with its values.
   *
   * @param from.revision the last one that had it, or the one that took it away.
   * @throws NotFoundError, StateConflictError, InvalidError
   */
  restore(
    orgId: string,
    from: { readonly path: string; readonly revision: number },
    actor: Actor,
  ): Promise<Draft>
  /** Throws the draft away. */
  discard(orgId: string, actor: Actor): Promise<void>
  /**
   * @param operations edits to plan with, which are not kept.
   * @throws DraftConflictError, InvalidError as `edit`
   */
  plan(orgId: string, operations?: readonly DraftOperation[]): Promise<Plan>
  /** @throws PlanStaleError when there is another plan by now, ForbiddenError as `publishedBy` says. */
  publish(
    orgId: string,
    request: { readonly hash: string; readonly message: string },
    actor: Actor,
    publishedBy?: Principal,
  ): Promise<{ readonly revision: number }>
  /** @throws NotFoundError, ForbiddenError */
  rollback(
    orgId: string,
    revision: number,
    actor: Actor,
    publishedBy?: Principal,
  ): Promise<{ readonly revision: number }>
  /** The newest first. */
  list(orgId: string): Promise<readonly Revision[]>
  /** What is published, or one revision. @throws NotFoundError */
  document(orgId: string, revision?: number): Promise<LayerDocument>
}

/**
 * Who publishes gives no rights that they lack themselves; without a principal it is the deployment's operator.
 *
 * @param countWhere counts records as published, for the plan.
 * @param newStorageId makes an id that was never used.
 * @param onPublished is called after the commit, e.g. to tell other nodes.
 * @param onDraft is called when the draft, or what it is compared with, has changed.
 */
export function createRevisions(deps: {
  readonly db: Database
  readonly models: OrgModels
  readonly countWhere: (orgId: string, ...args: Parameters<CountWhere>) => Promise<number>
  readonly newStorageId: () => string
  /** What else belongs into the transaction that publishes. */
  readonly inPublish?: (
    tx: Tx,
    orgId: string,
    after: Model,
    before: Model,
    by: Pick<NewRevision, 'actor' | 'restores'>,
  ) => Promise<void>
  /** What the plan says besides, from a look at the values that are there. */
  readonly lookAtValues?: (orgId: string, before: Model, after: Model) => Promise<PlanItem[]>
  /** What refers to parts of the model from outside of it, for the plan. */
  readonly usesElsewhere?: (orgId: string) => Promise<readonly NamedUse[]>
  readonly onPublished?: (published: Published) => void
  readonly onDraft?: (orgId: string, by: Actor) => void
}): Revisions {
  const { db, models, countWhere, newStorageId, inPublish, lookAtValues } = deps
  const { usesElsewhere, onPublished, onDraft } = deps

  async function draft(orgId: string): Promise<Draft> {
    return toDraft((await db.query<OrgWithDraftRow>(orgId, selectOrgWithDraft(orgId))).rows[0])
  }

  function toDraft(row: OrgWithDraftRow | undefined): Draft {
    const { published, document } = read(row)
    const changed = documentHash(document) !== documentHash(published.document)
    const review = needingReview(document.overrides, models.base(published))
    return { document, revision: published.revision, changed, review }
  }

  async function desk(orgId: string): Promise<Desk> {
    const row = (await db.query<OrgWithDraftRow>(orgId, selectOrgWithDraft(orgId))).rows[0]
    const { published, document } = read(row)
    const before = models.of(published)
    return {
      published,
      document,
      editors: row?.editors ?? [],
      base: models.base(published),
      before,
      after: document === published.document ? before : models.of({ ...published, document }),
    }
  }

  async function edit(
    orgId: string,
    operations: readonly DraftOperation[],
    actor: Actor,
  ): Promise<Draft> {
    checkOperations(operations)
    return change(orgId, actor, (row) => edited(row, operations))
  }

  /** Puts a draft in the place of what is there. */
  async function change(
    orgId: string,
    actor: Actor,
    to: (row: OrgWithDraftRow | undefined) => LayerDocument,
  ): Promise<Draft> {
    const changed = await db.transaction(orgId, async (tx) => {
      const row = await locked(tx, orgId)
      const next = to(row)
      await tx.one(saveDraft(orgId, next, actor))
      return toDraft(row && { ...row, draft: next })
    })
    onDraft?.(orgId, actor)
    return changed
  }

  /** The draft with operations applied, checked. */
  function edited(
    row: OrgWithDraftRow | undefined,
    operations: readonly DraftOperation[],
  ): LayerDocument {
    const { published, document } = read(row)
    const base = models.base(published)
    const { conflicts, problems, document: next } = applyOperations(document, operations, base)
    if (conflicts.length > 0) throw new DraftConflictError(undefined, { extra: { conflicts } })
    refuseProblems(problems)
    return checked(row, next)
  }

  function checked(row: OrgWithDraftRow | undefined, next: LayerDocument): LayerDocument {
    const { published, document } = read(row)
    const named = assignStorageIds(next, published.document)
    refuseProblems(checkDocument(named, document, published.document, models.base(published)))
    return named
  }

  async function resolve(orgId: string, decision: ReviewDecision, actor: Actor): Promise<Draft> {
    return change(orgId, actor, (row) => {
      const { published, document } = read(row)
      return resolveReview(document, decision, models.base(published))
    })
  }

  async function restore(
    orgId: string,
    { path, revision }: { readonly path: string; readonly revision: number },
    actor: Actor,
  ): Promise<Draft> {
    const asked = [revision, revision - 1].map((n) => selectRevision(orgId, n))
    const found = (await db.batch(orgId, asked)).flatMap(({ rows }) => rows)
    const revisions = found.map((row) => toDocument(row['document']))
    return change(orgId, actor, (row) => {
      const { published, document } = read(row)
      return checked(row, withRestored(document, published.document, revisions, path))
    })
  }

  async function plan(orgId: string, operations: readonly DraftOperation[] = []): Promise<Plan> {
    const row = (await db.query<OrgWithDraftRow>(orgId, selectOrgWithDraft(orgId))).rows[0]
    const { published, document: draft } = read(row)
    const document = operations.length === 0 ? draft : edited(row, operations)
    const before = models.of(published)
    const after = models.of({ ...published, document })
    assignSlots({ ...document, ...slotsOf(published.document) }, after)
    const more = await lookAtValues?.(orgId, before, after)
    const count: CountWhere = (entity, filter) => countWhere(orgId, entity, filter)
    const changes = await planChange(before, after, count, more)
    const elsewhere = changes.length > 0 ? ((await usesElsewhere?.(orgId)) ?? []) : []
    const items = withUses(changes, before, after, published.org, elsewhere)
    return { hash: planHash(published, document, models.base(published)), items }
  }

  async function publish(
    orgId: string,
    { hash, message }: { readonly hash: string; readonly message: string },
    actor: Actor,
    publishedBy?: Principal,
  ): Promise<{ readonly revision: number }> {
    const published = await db.transaction(orgId, async (tx) => {
      const row = await locked(tx, orgId)
      const { published, document } = read(row)
      if (planHash(published, document, models.base(published)) !== hash) throw new PlanStaleError()
      if (publishedBy) {
        await needSecondPerson(tx, published.settings, row?.editors ?? [], publishedBy)
        refuseExcess(publishedBy, models.of(published), models.of({ ...published, document }), {
          restores: false,
        })
      }
      const named = assignStorageIds(document, published.document, newStorageId)
      return write(tx, orgId, published, { document: named, message, actor, restores: null })
    })
    onPublished?.(published)
    onDraft?.(orgId, actor)
    return { revision: published.revision }
  }

  async function rollback(
    orgId: string,
    revision: number,
    actor: Actor,
    publishedBy?: Principal,
  ): Promise<{ readonly revision: number }> {
    const published = await db.transaction(orgId, async (tx) => {
      const { published } = read(await locked(tx, orgId))
      const old = (await tx.one<{ document: unknown }>(selectRevision(orgId, revision))).rows[0]
      if (!old) throw new NotFoundError()
      const document = toDocument(old.document)
      if (publishedBy) {
        refuseExcess(publishedBy, models.of(published), models.of({ ...published, document }), {
          restores: true,
        })
      }
      const message = `Back to revision ${revision}`
      return write(tx, orgId, published, { document, message, actor, restores: revision })
    })
    onPublished?.(published)
    onDraft?.(orgId, actor)
    return { revision: published.revision }
  }

  /** Indexes find their place last, when all storage ids are known. */
  async function write(
    tx: Tx,
    orgId: string,
    published: OrgRow,
    next: Omit<NewRevision, 'document'> & { readonly document: LayerDocument },
  ): Promise<Published> {
    const kept = { ...next.document, ...slotsOf(published.document) }
    const document = assignSlots(kept, models.of({ ...published, document: next.document }))
    const written = await writeRevision(tx, orgId, published, { ...next, document })
    const after = models.of({ ...published, document })
    await inPublish?.(tx, orgId, after, models.of(published), next)
    return written
  }

  return {
    draft,
    desk,
    edit,
    resolve,
    restore,
    plan,
    publish,
    rollback,
    async discard(orgId, actor) {
      await db.query(orgId, deleteDraft(orgId))
      onDraft?.(orgId, actor)
    },
    async list(orgId) {
      return (await db.query<Revision>(orgId, selectRevisions(orgId))).rows
    },
    async document(orgId, revision) {
      if (revision === undefined) {
        return read((await db.query<OrgWithDraftRow>(orgId, selectOrgWithDraft(orgId))).rows[0])
          .published.document
      }
      const { rows } = await db.query<{ document: unknown }>(orgId, selectRevision(orgId, revision))
      if (!rows[0]) throw new NotFoundError()
      return toDocument(rows[0].document)
    },
  }
}

export interface Published {
  readonly orgId: string
  readonly revision: number
  readonly epoch: number
}

function read(row: OrgWithDraftRow | undefined): { published: OrgRow; document: LayerDocument } {
  if (!row) throw new NotFoundError()
  const published = toOrgRow(row)
  return { published, document: row.draft ? toDocument(row.draft) : published.document }
}

/** Two who edit, publish or roll back at once do it one after the other. */
async function locked(tx: Tx, orgId: string): Promise<OrgWithDraftRow | undefined> {
  const results = await tx.run([lockOrg(orgId), selectOrgWithDraft(orgId)])
  return results[1]?.rows[0] as OrgWithDraftRow | undefined
}

interface NewRevision {
  readonly document: LayerDocument
  readonly message: string
  readonly actor: Actor
  readonly restores: number | null
}

function slotsOf({ slots }: LayerDocument): Pick<LayerDocument, 'slots'> {
  return slots ? { slots } : {}
}

async function writeRevision(
  tx: Tx,
  orgId: string,
  published: OrgRow,
  next: NewRevision,
): Promise<Published> {
  const revision = published.revision + 1
  const results = await tx.run([
    {
      text: `insert into tenant.layer_revision (org_id, n, document, hash, message, author, restores)
        values ($1, $2, $3, $4, $5, $6, $7)`,
      values: [
        orgId,
        revision,
        JSON.stringify(next.document),
        documentHash(next.document),
        next.message,
        JSON.stringify(next.actor),
        next.restores,
      ],
    },
    // Customers of a reseller get it with the commit; for everybody else this does nothing.
    {
      text: `select kernel.offer_layer($1, s.brand, false) from tenant.org_state s where s.org_id = $2`,
      values: [JSON.stringify(next.document), orgId],
    },
    // A draft that is being worked on outlives a roll back; a published one is done.
    ...(next.restores === null ? [deleteDraft(orgId)] : []),
    {
      text: `update tenant.org_state set revision = $2, epoch = epoch + 1 where org_id = $1
        returning epoch`,
      values: [orgId, revision],
    },
  ])
  const epoch = Number(results.at(-1)?.rows[0]?.['epoch'])
  return { orgId, revision, epoch }
}

/**
 * What was planned: this draft after this revision, on these layers of others. An index that is filled
 * meanwhile changes the model of the organisation, but nothing that was planned.
 */
function planHash({ revision }: OrgRow, document: LayerDocument, base: Model): string {
  return sha256(canonicalJson([revision, documentHash(document), base.hash]))
}

const Operations = Type.Array(
  Type.Object(
    {
      op: Type.Union([Type.Literal('set'), Type.Literal('unset')]),
      target: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      path: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
        minItems: 1,
        maxItems: 12,
      }),
      from: Type.Optional(Type.Unknown()),
      value: Type.Optional(Type.Unknown()),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 10_000 },
)

/** @throws InvalidError */
function checkOperations(operations: unknown): void {
  const problems = schemaCheck(Operations)(operations, 'ops')
  if (problems.length === 0) return
  const errors = problems.map((problem) => ({ ...toIssue(problem), path: pathOfPlace(problem.at) }))
  throw new InvalidError(undefined, { errors })
}

function saveDraft(orgId: string, document: LayerDocument, actor: Actor): Statement {
  return {
    text: `insert into tenant.layer_draft as d (org_id, document, updated_by, editors)
      values ($1, $2, $3, jsonb_build_array($3::jsonb || jsonb_build_object('at',
        to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))))
      on conflict (org_id) do update
        set document = excluded.document, updated_by = excluded.updated_by, updated_at = now(),
          editors = (select coalesce(jsonb_agg(e), '[]') from jsonb_array_elements(d.editors) e
            where e->'type' <> $3::jsonb->'type' or e->'id' <> $3::jsonb->'id') || excluded.editors`,
    values: [orgId, JSON.stringify(document), JSON.stringify(actor)],
  }
}

function deleteDraft(orgId: string): Statement {
  return { text: 'delete from tenant.layer_draft where org_id = $1', values: [orgId] }
}

function selectRevision(orgId: string, n: number): Statement {
  return {
    text: 'select document from tenant.layer_revision where org_id = $1 and n = $2',
    values: [orgId, n],
  }
}

const selectRevisions = (orgId: string): Statement => ({
  text: `select n as revision, message, author, created_at as "createdAt", restores
    from tenant.layer_revision where org_id = $1 order by n desc`,
  values: [orgId],
})
