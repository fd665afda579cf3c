import type { HandlerContext } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'

interface StepType {
  readonly label: string
  readonly icon?: string
  readonly color?: number
  readonly schema: object
}
interface Schema {
  readonly title?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly 'x-node'?: boolean
}

/** A workflow as a graph: what a page needs to draw it without knowing any schema. */
export interface Drawn {
  readonly nodes: readonly {
    readonly key: string
    readonly label: string
    readonly kind: string
    readonly icon?: string
    readonly color?: number
  }[]
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label?: string }[]
}

const own = 'platform.workflows:'

export function drawWorkflow(ctx: HandlerContext, { steps }: Workflow): Drawn {
  const types = ctx.model.contributions<StepType>('stepTypes')
  const nodes = Object.entries(steps).map(([key, step]) => {
    const type = types.get(step.type)
    const kind = kindOf(ctx, step.type, type)
    const { icon, color } = type ?? {}
    return {
      ...{ key, label: step.label ?? kind, kind },
      ...(icon === undefined ? {} : { icon }),
      ...(color === undefined ? {} : { color }),
    }
  })
  const edges = Object.entries(steps).flatMap(([from, step]) => {
    const schema = (types.get(step.type)?.schema ?? {}) as Schema
    const ways = [...waysIn(step.settings, schema)]
    if (step.next) ways.push({ to: step.next })
    if (step.onError) ways.push({ to: step.onError, label: '!' })
    if (step.compensate) ways.push({ to: step.compensate, label: '↩' })
    return ways.filter(({ to }) => Object.hasOwn(steps, to)).map((way) => ({ from, ...way }))
  })
  return { nodes, edges }
}

function kindOf(ctx: HandlerContext, ref: string, type: StepType | undefined): string {
  if (!type) return ref
  if (!ref.startsWith(own)) return type.label
  return ctx.t(`stepTypes.${ref.slice(own.length)}.label`)
}

/** Texts that name a node, wherever the schema of the step says so. */
function* waysIn(
  value: unknown,
  schema: Schema,
  name?: string,
): Generator<{ to: string; label?: string }> {
  if (schema['x-node'] === true && typeof value === 'string') {
    const label = name ?? schema.title
    yield { to: value, ...(label === undefined ? {} : { label }) }
    return
  }
  if (typeof value !== 'object' || value === null) return
  const pattern = Object.values(schema.patternProperties ?? {})[0]
  for (const [key, one] of Object.entries(value)) {
    const known = schema.properties?.[key]
    const below = known ?? pattern ?? schema.items
    if (!below) continue
    // Of a map, the key says which way it is: a case, a branch.
    yield* waysIn(one, below, known ? name : (name ?? key))
  }
}
