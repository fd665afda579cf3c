import type { RouteDeclaration } from '../../../kernel/http/route.ts'
import type { Answer, Exchange } from './exchange.ts'
import type { World } from './world.ts'

/** How one route is called with inputs of the caller's own, and what comes of it. */
export interface Recipe {
  /** `GET /api/v1/leads/:id`, for whoever reads a failure. */
  readonly name: string
  readonly route: RouteDeclaration
  /** Reference of the entity whose records a template route is called for. */
  readonly entity?: string
  /** The status of the valid request; anything else means that the recipe is wrong. */
  readonly status: number
  /** Makes what the request needs and the request itself, in the same order in every world. */
  build(world: World): Promise<Exchange>
  /** Whether an attack that half succeeds changes the answer to the next, so that each needs its own. */
  readonly anew?: boolean
  /** Texts besides ids that belong to an organisation: `body.org` to what nobody has. */
  readonly swaps?: Readonly<Record<string, (theirs: string) => string>>
  /** What the answer leads to, as text, e.g. the end of an import that was begun. */
  follow?(world: World, answer: Answer): Promise<string>
}

/** A recipe of a route that stands for itself; method, path and the admin's key go without saying. */
export type RouteParts = Omit<Recipe, 'name' | 'route' | 'build'> & {
  build(world: World): Partial<Exchange> | Promise<Partial<Exchange>>
}

/** The request that says nothing but its address. */
export const plain = (): Partial<Exchange> => ({})

/** What a request says about who sends it. */
export const asKey = ({ key }: World) => key.headers

/** A leaf of an exchange by its dotted path; undefined when it is not there. */
export function leafOf(exchange: Exchange, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], exchange)
}

export function withLeaf(exchange: Exchange, path: string, value: unknown): Exchange {
  const copy = structuredClone(exchange) as unknown as Record<string, unknown>
  const names = path.split('.')
  const last = names.pop()!
  const holder = names.reduce((at, name) => at[name] as Record<string, unknown>, copy)
  holder[last] = value
  return copy as unknown as Exchange
}
