import { NotFoundError } from '@runwaycrm/sdk'
import { formulaLimits } from '../model/formula/expression.ts'
import { formulaFunctions } from '../model/formula/functions.ts'
import type { PreviewFormula } from '../records/preview-formula.ts'
import type { RouteDeclaration } from './route.ts'

/** Trying a formula while it is being written. */
export function formulaRoutes({
  previewFormula,
}: {
  readonly previewFormula: PreviewFormula
}): RouteDeclaration[] {
  const shared = {
    auth: 'principal',
    tag: 'studio',
    permission: 'studio:read',
    idempotency: 'safe',
    query: {},
    response: { 200: { type: 'object' } },
  } as const
  return [
    {
      ...shared,
      method: 'POST',
      path: '/studio/formula',
      summary: 'Try a formula on records that you may see',
      rate: 'costly',
      body: {
        type: 'object',
        additionalProperties: false,
        required: ['entity', 'formula'],
        properties: {
          entity: { type: 'string', maxLength: 200 },
          formula: { type: 'string', maxLength: formulaLimits.length },
          recordId: { type: 'string', maxLength: 36 },
        },
      },
      handler: async (call) => {
        const ctx = call.context()
        const {
          entity: name,
          formula,
          recordId,
        } = call.body as Readonly<Record<'entity' | 'formula', string> & { recordId?: string }>
        const entity = ctx.model.entityByPlural.get(name) ?? ctx.model.entities.get(name)
        if (!entity) throw new NotFoundError()
        return { status: 200, body: await previewFormula(ctx, entity, formula, recordId) }
      },
    },
    {
      ...shared,
      method: 'GET',
      path: '/studio/functions',
      summary: 'The functions that formulas may call',
      rate: 'normal',
      body: null,
      handler: () => ({ status: 200, body: { data: functions } }),
    },
  ]
}

const functions = Object.entries(formulaFunctions).map(
  ([name, { label, forms, units, example }]) => ({
    name,
    label,
    signatures: forms.map(({ signature }) => signature),
    ...(units === undefined ? {} : { units: [...units] }),
    example: example[0],
  }),
)
