import { type EntityInfo, type Issue, type Records, RunwayError } from '@runwaycrm/sdk'
import { columnOf, type MappedRow } from './map-row.ts'
import type { RelationFinder } from './relations.ts'
import type { ImportSpec } from './spec.ts'

export interface RowFailure {
  readonly line: number
  readonly column: string
  readonly value: string
  readonly code: string
  readonly message: string
}

export interface BatchOutcome {
  readonly created: number
  readonly updated: number
  readonly skipped: number
  readonly failures: readonly RowFailure[]
}

type Plan = { readonly row: MappedRow; readonly id?: string }

/** Writes one batch of rows; a bad row fails alone. Throws only for what concerns them all (a missing right). */
export async function writeBatch(
  rows: readonly MappedRow[],
  spec: ImportSpec,
  header: readonly string[],
  entity: EntityInfo,
  relations: RelationFinder,
  records: Records,
): Promise<BatchOutcome> {
  const failures: RowFailure[] = []
  const fail = (row: MappedRow, field: string, code: string, message: string) => {
    const column = columnOf(spec, field)
    failures.push({
      line: row.line,
      column,
      value: row.cells[header.indexOf(column)] ?? '',
      code,
      message,
    })
  }
  await relations.prepare(
    rows.flatMap((row) => row.wishes),
    records,
  )
  const ready = rows.filter((row) => settleRelations(row, relations, fail))
  const existing = await findExisting(ready, spec, entity, records)
  const plans: { create: Plan[]; update: Plan[]; skipped: number } = {
    create: [],
    update: [],
    skipped: 0,
  }
  for (const row of ready) {
    const found = existing.get(keyOf(row, spec))
    if (found === undefined || spec.onDuplicate === 'create') plans.create.push({ row })
    else if (found === 'ambiguous')
      fail(row, spec.key[0]!, 'AMBIGUOUS', 'Several records have this key.')
    else if (spec.onDuplicate === 'skip') plans.skipped++
    else plans.update.push({ row, id: found })
  }
  if (plans.create.length + plans.update.length === 0)
    return { created: 0, updated: 0, skipped: plans.skipped, failures }
  const result = await records.bulk(entity.ref, {
    create: plans.create.map((plan) => plan.row.values),
    update: plans.update.map((plan) => ({ ...plan.row.values, id: plan.id! })),
    atomic: false,
  })
  const counts = { created: 0, updated: 0, skipped: plans.skipped }
  for (const item of result.results) {
    const plan = (item.op === 'create' ? plans.create : plans.update)[item.index]!
    if (item.status === 'created') counts.created++
    else if (item.status === 'updated') counts.updated++
    else if (item.status === 'unchanged' || item.status === 'skipped') counts.skipped++
    else if (item.problem)
      for (const issue of issuesOf(item.problem))
        fail(plan.row, issue.path, issue.code, issue.message)
    if (item.id && item.status === 'created') learnNames(plan.row, item.id, spec, entity, relations)
  }
  // A row with two bad cells is two lines in the error file and one failed row.
  return { ...counts, failures }
}

/** Puts the ids of found relations into the row. @returns false when one is missing; it was reported. */
function settleRelations(
  row: MappedRow,
  relations: RelationFinder,
  fail: (row: MappedRow, field: string, code: string, message: string) => void,
): boolean {
  let settled = true
  for (const wish of row.wishes) {
    const found = relations.get(wish)
    const { apiName, kind } = wish.field
    if ('id' in found) {
      const before = kind === 'relations' ? (row.values[apiName] ?? []) : null
      row.values[apiName] = Array.isArray(before) ? [...before, found.id] : found.id
    } else {
      fail(row, wish.field.apiName, found.problem, found.message)
      settled = false
    }
  }
  return settled
}

/** Records that have a row's key already, by the key's text. */
async function findExisting(
  rows: readonly MappedRow[],
  spec: ImportSpec,
  entity: EntityInfo,
  records: Records,
): Promise<Map<string, string | 'ambiguous'>> {
  const found = new Map<string, string | 'ambiguous'>()
  const first = spec.key[0]
  if (!first || spec.onDuplicate === 'create') return found
  const values = [
    ...new Set(
      rows.map((row) => row.values[first]).filter((value) => value !== undefined && value !== null),
    ),
  ] as string[]
  for (let start = 0; start < values.length; start += 100) {
    let cursor: string | undefined
    do {
      const page = await records.list(entity.ref, {
        filter: { [first]: { $in: values.slice(start, start + 100) } },
        fields: [...spec.key],
        limit: 200,
        ...(cursor ? { cursor } : {}),
      })
      for (const record of page.data) {
        const key = keyText(spec.key.map((name) => record[name]))
        found.set(key, found.has(key) && found.get(key) !== record.id ? 'ambiguous' : record.id)
      }
      cursor = page.page.nextCursor ?? undefined
    } while (cursor)
  }
  return found
}

/** Rows of one batch must not share a key; a row without one is always new. */
export function keyOf(row: MappedRow, spec: ImportSpec): string {
  return spec.key.length === 0 ? '' : keyText(spec.key.map((name) => row.values[name]))
}

function keyText(values: readonly unknown[]): string {
  return JSON.stringify(
    values.map((value) => (typeof value === 'string' ? value.toLowerCase() : (value ?? null))),
  )
}

/** A new record of the entity itself may be what a later row refers to (`parentId`). */
function learnNames(
  row: MappedRow,
  id: string,
  spec: ImportSpec,
  entity: EntityInfo,
  relations: RelationFinder,
): void {
  for (const target of Object.values(spec.columns)) {
    const field =
      target?.relation && entity.fields.find((candidate) => candidate.apiName === target.field)
    if (!field || relations.entityOf(field) !== entity.ref) continue
    const text = row.values[target.relation!.by]
    if (typeof text === 'string') relations.learn(entity.ref, target.relation!.by, text, id)
  }
}

function issuesOf(problem: {
  code: string
  detail: string
  errors?: readonly { path: string; code: string; message: string }[]
  field?: string
}): { path: string; code: string; message: string }[] {
  const bare = (path: string) =>
    path.replace(/^(create|update)\[\d+\]\.?/, '').replace(/[.[].*$/, '')
  if (problem.errors && problem.errors.length > 0)
    return problem.errors.map((issue) => ({ ...issue, path: bare(issue.path) }))
  return [{ path: problem.field ?? '', code: problem.code, message: problem.detail }]
}

/** For a batch that failed as a whole, e.g. when a value broke the statement: each row says why. */
export function failAll(rows: readonly MappedRow[], error: unknown): RowFailure[] {
  if (!(error instanceof RunwayError) || error.status >= 500) throw error
  const issue: Pick<Issue, 'message'> & { code: string } = {
    code: error.code,
    message: error.message,
  }
  return rows.map((row) => ({ line: row.line, column: '', value: '', ...issue }))
}
