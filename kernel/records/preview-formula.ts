import { NotFoundError, toId } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { checkFormula, looseParts } from '../model/compute-formula.ts'
import { resultType } from '../model/computed-type.ts'
import type { FormulaProblem } from '../model/formula/expression.ts'
import type { Entity, Field } from '../model/model.ts'
import { bindSql } from './bound-sql.ts'
import type { Codecs } from './fields.ts'

export interface FormulaPreview {
  /** What kind of value comes out; null when the formula cannot be read. */
  readonly result: { readonly type: string; readonly kind: string } | null
  readonly errors: readonly FormulaProblem[]
  readonly samples: readonly {
    readonly id: string
    readonly title: string | null
    readonly value: unknown
  }[]
}

export type PreviewFormula = (
  ctx: RequestContext,
  entity: Entity,
  formula: string,
  recordId?: string,
) => Promise<FormulaPreview>

/** Records that are tried when none is named. */
const samples = 3

/** Tries a formula on records, with the rights of whoever asks: the same SQL that its field would have. */
export function createFormulaPreview({
  db,
  codecs,
}: {
  readonly db: Pick<Database, 'query'>
  readonly codecs: Codecs
}): PreviewFormula {
  /** @throws NotFoundError when the entity may not be read, or the record is not there to see. */
  return async (ctx, entity, formula, recordId) => {
    if (!ctx.ability.can('read', entity.ref)) throw new NotFoundError()
    const id = recordId === undefined ? undefined : toId(recordId)
    if (id === null) throw new NotFoundError()
    const [resolver, parts] = looseParts(ctx.model.entities)
    const { expression, problems } = checkFormula(resolver, parts, entity, formula)
    const errors = problems.map(({ at, message, hint }) => ({ at, message, hint }))
    const type = expression?.type === 'null' ? 'text' : expression?.type
    if (expression === null || type === undefined) return { result: null, errors, samples: [] }
    if (type === 'list') {
      const hint = 'Ask for one of them: contains(tags, "vip").'
      const message = 'A formula results in one value, not in a list.'
      return { result: null, errors: [{ at: 0, message, hint }], samples: [] }
    }
    const field = previewField(resultType(base, type), {
      in: 'computed',
      class: resultType(base, type).storage,
      template: null,
      computation: { by: 'formula', expression },
      codec: null,
      stored: null,
      reads: [],
    })
    const { compiler, values } = bindSql(ctx, codecs, [ctx.org.id, id ?? null])
    const source = { alias: 't', entity }
    const title = entity.byApiName.get(entity.titleField) ?? entity.fields.get(entity.titleField)
    const text =
      `select t.id, ${title ? `(${compiler.value(source, title)})::text` : 'null'} as title, ` +
      `${compiler.compute(source, field)} as value from ${entity.table} t ` +
      `where t.org_id = $1 and ($2::uuid is null or t.id = $2::uuid) and ${compiler.readable(source)} ` +
      `order by t.id desc limit ${samples}`
    const { rows } = await db.query<FormulaPreview['samples'][number]>(ctx.org.id, {
      text,
      values: values(),
    })
    if (id !== undefined && rows.length === 0) throw new NotFoundError()
    return { result: { type, kind: field.typeDefinition.kind ?? 'text' }, errors, samples: rows }
  }
}

const base = {
  label: 'Preview',
  storage: 'computed',
  value: {},
  operators: [],
  editor: 'none',
  display: 'text',
  handler: 'none',
} as const

function previewField(typeDefinition: Field['typeDefinition'], storage: Field['storage']): Field {
  return {
    key: 'preview',
    apiName: 'preview',
    definition: { type: 'preview' },
    type: 'preview',
    typeDefinition,
    label: 'Preview',
    order: 0,
    from: 'preview',
    storage,
    target: null,
    system: false,
    required: false,
    unique: false,
    readOnly: true,
  }
}
