import { isDeepStrictEqual } from 'node:util'
import {
  type Answer,
  type Exchange,
  idsIn,
  leaksIn,
  nobodysId,
  plainAnswer,
  send,
  withIds,
} from './exchange.ts'
import { leafOf, type Recipe, withLeaf } from './recipe.ts'
import type { World } from './world.ts'

/** What one attack found; empty when all is well. */
export type Findings = string[]

export interface AttackContext {
  readonly mine: World
  /** What no answer may contain: the other's canaries and ids. */
  readonly forbidden: readonly string[]
  /** Whether each id is replaced for itself; otherwise the first one, and all of them. */
  isThorough(recipe: Recipe): boolean
  count: number
  /** Whether a request since the last build did something. */
  succeeded: boolean
}

/**
 * Sends a valid request of ours with each id, all of them, and every other text of an organisation
 * replaced by the other organisation's, and beside it one that nobody has: both answers must be the same
 * and tell nothing. At last the valid request itself must succeed.
 */
export async function swapAttack(
  context: AttackContext,
  recipe: Recipe,
  theirs: Exchange,
): Promise<Findings> {
  const findings: Findings = []
  let own = await recipe.build(context.mine)
  // What was refused changed nothing, so the same request will do again.
  const again = async () => {
    if (recipe.anew && context.succeeded) own = await recipe.build(context.mine)
    context.succeeded = false
    return own
  }
  const theirIds = idsIn(theirs)
  const ownIds = idsIn(own)
  if (ownIds.length !== theirIds.length) {
    return [`${recipe.name}: the recipe builds ${ownIds.length} and ${theirIds.length} ids`]
  }
  const places = ownIds.flatMap((id, place) => (id === theirIds[place] ? [] : [place]))
  const singles = context.isThorough(recipe) ? places : places.slice(0, 1)
  const sets = [...singles.map((place) => [place]), ...(places.length > 1 ? [places] : [])]
  for (const set of sets) {
    const stolen = async () =>
      withIds(await again(), new Map(set.map((place) => [place, theirIds[place]!])))
    const missing = async () =>
      withIds(await again(), new Map(set.map((place) => [place, nobodysId()])))
    const where = `${recipe.name} with id ${set.join('+')}`
    findings.push(...(await compare(context, recipe, where, stolen, missing)))
    if (set[0] === 0 && /^PATCH|^DELETE|\/restore$/.test(recipe.name)) {
      for (const version of ['"1"', '"999"']) {
        const tagged = (make: () => Promise<Exchange>) => async () =>
          withHeaders(await make(), { 'if-match': version })
        const both = [tagged(stolen), tagged(missing)] as const
        findings.push(...(await compare(context, recipe, `${where}, If-Match`, ...both)))
      }
    }
    if (set === sets[0] && recipe.name.startsWith('GET')) {
      const head = (make: () => Promise<Exchange>) => async () => ({
        ...(await make()),
        method: 'HEAD',
      })
      const heads = [head(stolen), head(missing)] as const
      findings.push(...(await compare(context, recipe, `HEAD ${where}`, ...heads)))
    }
  }
  for (const [path, missingOf] of Object.entries(recipe.swaps ?? {})) {
    const text = String(leafOf(theirs, path))
    const stolen = async () => withLeaf(await again(), path, text)
    const missing = async () => withLeaf(await again(), path, missingOf(text))
    findings.push(...(await compare(context, recipe, `${recipe.name} ${path}`, stolen, missing)))
  }
  const valid = await ask(context, recipe, await again())
  if (valid.status !== recipe.status) {
    findings.push(`${recipe.name}: the valid request answers ${valid.status}: ${valid.body}`)
  }
  return findings.concat(leaks(context, recipe.name, valid, own))
}

export function withHeaders(exchange: Exchange, more: Record<string, string>): Exchange {
  return { ...exchange, headers: { ...exchange.headers, ...more } }
}

async function compare(
  context: AttackContext,
  recipe: Recipe,
  where: string,
  makeStolen: () => Promise<Exchange>,
  makeMissing: () => Promise<Exchange>,
): Promise<Findings> {
  const stolen = await makeStolen()
  const about = await ask(context, recipe, stolen)
  const missing = await makeMissing()
  const nothing = await ask(context, recipe, missing)
  const [first, second] = [plainAnswer(about, idsIn(stolen)), plainAnswer(nothing, idsIn(missing))]
  const findings = leaks(context, where, about, stolen)
  if (about.status >= 500) findings.push(`${where}: ${about.status} ${about.body}`)
  if (!isDeepStrictEqual(first, second)) {
    findings.push(
      `${where}: theirs is not like missing\n  ${JSON.stringify(first)}\n  ${JSON.stringify(second)}`,
    )
  }
  return findings
}

export async function ask(
  context: AttackContext,
  recipe: Pick<Recipe, 'follow'>,
  exchange: Exchange,
): Promise<Answer> {
  context.count += 1
  const answer = await send(context.mine.app, exchange)
  if (answer.status < 400) context.succeeded = true
  const rest = await recipe.follow?.(context.mine, answer)
  return rest === undefined ? answer : { ...answer, body: answer.body + rest }
}

export function leaks(
  { forbidden }: AttackContext,
  where: string,
  answer: Answer,
  exchange: Exchange,
): Findings {
  return leaksIn(answer, forbidden, exchange).map(
    (canary) => `${where}: shows ${canary}: ${answer.body.slice(0, 2_000)}`,
  )
}
