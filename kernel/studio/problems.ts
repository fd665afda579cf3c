import type { Problem } from '../manifest/problem.ts'
import { placeOf } from '../manifest/problem.ts'
import type { Path } from '../model/leaf.ts'
import type { Model } from '../model/model.ts'

/** What is wrong with a contribution, in whichever layer it was said. */
export interface ToldProblem {
  /** Below the contribution. */
  readonly path: Path
  readonly message: string
  readonly hint: string
}

const known = new WeakMap<Model, ReadonlyMap<string, readonly ToldProblem[]>>()

/** @param name `entities/crm.leads:lead` */
export function problemsOf(model: Model, point: string, ref: string): readonly ToldProblem[] {
  const all = known.get(model) ?? byContribution(model.problems)
  known.set(model, all)
  return all.get(placeOf(point, ref)) ?? []
}

function byContribution(problems: readonly Problem[]): Map<string, ToldProblem[]> {
  const all = new Map<string, ToldProblem[]>()
  for (const { at, message, hint } of problems) {
    const [layer, second, third, ...rest] = at.split('/')
    if (layer === undefined || second === undefined || third === undefined) continue
    const [name, path] =
      second === 'overrides'
        ? [placeOf(third, rest[0] ?? ''), rest.slice(1)]
        : [placeOf(second, `${layer}:${third}`), rest]
    const list = all.get(name) ?? []
    all.set(name, list)
    list.push({ path, message, hint })
  }
  return all
}
