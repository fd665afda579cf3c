import { ForbiddenError, type HandlerContext, InvalidError } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'

/** A workflow as agents and programs see it that call it. */
export interface Tool {
  /** Key of the trigger. */
  readonly trigger: string
  /** For the model that decides whether to call it. */
  readonly description: string
  /** JSON Schema of what it takes. */
  readonly input: object
}

const own = 'platform.workflows'
const nothing = Object.freeze({ type: 'object', properties: {}, additionalProperties: false })

/** The trigger by which agents call a workflow; null when they may not. */
export function toolOf({ triggers = {} }: Workflow): Tool | null {
  const found = Object.entries(triggers).find(([, { type }]) => type === `${own}:agent`)
  if (!found) return null
  const [trigger, { settings = {} }] = found
  const { description = '', input = nothing } = settings as Partial<Tool>
  return { trigger, description, input }
}

interface Schemas {
  check(input: {
    readonly schema: object
    readonly value: unknown
    readonly at: string
  }): Promise<unknown>
}

/** What a call comes by, and what it gives to the run. */
export interface Called {
  readonly trigger: string | null
  readonly type: 'manual' | 'agent'
  readonly input: Readonly<Record<string, unknown>>
}

/**
 * The trigger that a call means: agents come by the one that is theirs, people by hand where the workflow has that.
 *
 * @param named by whoever calls, where the workflow has several.
 * @throws ForbiddenError when it lets no agents in, InvalidError when the input does not fit the schema.
 */
export async function calledBy(
  ctx: HandlerContext,
  workflow: Workflow,
  { trigger: named, input }: { readonly trigger?: string; readonly input: Called['input'] },
): Promise<Called> {
  const tool = toolOf(workflow)
  const isAgent = ctx.principal.type === 'agent'
  const hand = Object.entries(workflow.triggers ?? {}).find(
    ([, { type }]) => type === `${own}:manual`,
  )
  if (named !== undefined && named !== tool?.trigger && named !== hand?.[0]) {
    const message = `"${workflow.label}" is not called by a trigger "${named}".`
    throw new InvalidError(message, {
      errors: [{ path: 'trigger', code: 'UNKNOWN_OPTION', message }],
    })
  }
  if (isAgent && !tool) {
    throw new ForbiddenError(`"${workflow.label}" is not for agents.`)
  }
  const isTool = tool && (isAgent || named === tool.trigger || (named === undefined && !hand))
  if (!isTool) return { trigger: null, type: 'manual', input }
  const schemas = ctx.services.get<Schemas>('kernel.schemas', 1)
  const checked = await schemas.check({ schema: tool.input, value: input, at: 'input' })
  return { trigger: tool.trigger, type: 'agent', input: checked as Called['input'] }
}
