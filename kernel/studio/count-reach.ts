import { BadFilterError, type Filter, UnknownFieldError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import type { Desk } from '../model/desk.ts'
import type { Reader } from '../records/read.ts'
import type { Person } from './people.ts'

/** Which records of an entity somebody may read, before and after. `@me` and `@team` stay in it. */
export interface Reach {
  readonly entity: string
  readonly before: Filter | boolean
  readonly after: Filter | boolean
}

export interface RecordCounts {
  readonly before: number
  readonly after: number
  readonly gained: number
  readonly lost: number
}

/** Counts what abilities reach, over all records, each question once. */
export function createCounter(reader: Pick<Reader, 'count'>, ctx: RequestContext, desk: Desk) {
  const known = new Map<string, Promise<number>>()
  /** Fields that only one of the models has are looked for in that one. */
  const contexts = [{ ...ctx, model: desk.after, draft: true }, ctx]

  function count(entity: string, filter: Filter | boolean, person: Person | null): Promise<number> {
    if (filter === false) return Promise.resolve(0)
    const text = canonicalJson(filter)
    const who = /"@(me|team)"/.test(text) ? (person?.id ?? '') : ''
    const key = `${entity} ${who} ${text}`
    const counting = known.get(key) ?? ask(entity, filter === true ? {} : filter, person)
    known.set(key, counting)
    return counting
  }

  async function ask(ref: string, filter: Filter, person: Person | null): Promise<number> {
    // What nobody has published has no records.
    if (!desk.before.entities.has(ref)) return 0
    for (const one of contexts) {
      const entity = one.model.entities.get(ref)
      if (!entity) continue
      const principal = {
        ...ctx.principal,
        userId: person?.id ?? null,
        teammates: person?.teammates ?? [],
      }
      try {
        return await reader.count({ ...one, principal }, entity, filter)
      } catch (error) {
        if (!(error instanceof UnknownFieldError || error instanceof BadFilterError)) throw error
      }
    }
    return Number.NaN
  }

  async function counts({ entity, before, after }: Reach, person: Person | null) {
    const of = (filter: Filter | boolean) => count(entity, filter, person)
    const [had, has, gained, lost] = await Promise.all([
      of(before),
      of(after),
      of(both(after, negation(before))),
      of(both(before, negation(after))),
    ])
    // A condition that neither model understands reaches nothing.
    const [was, is] = [had || 0, has || 0]
    return {
      before: was,
      after: is,
      // Conditions over two models at once cannot be asked; what is left is the difference.
      gained: Number.isNaN(gained) ? Math.max(0, is - was) : gained,
      lost: Number.isNaN(lost) ? Math.max(0, was - is) : lost,
    } satisfies RecordCounts
  }

  return {
    /** What one person reaches. */
    of: (reach: Reach, person: Person): Promise<RecordCounts> => counts(reach, person),
    /** What several people reach together. */
    together({ entity, before, after }: Reach, people: readonly Person[]): Promise<RecordCounts> {
      const reach = { entity, before: ofAll(before, people), after: ofAll(after, people) }
      return counts(reach, null)
    },
  }
}

function both(a: Filter | boolean, b: Filter | boolean): Filter | boolean {
  if (a === false || b === false) return false
  if (a === true) return b
  return b === true ? a : ({ $and: [a, b] } as Filter)
}

function negation(filter: Filter | boolean): Filter | boolean {
  return typeof filter === 'boolean' ? !filter : ({ $not: filter } as Filter)
}

/** As many as one list of a filter takes. */
const mostListed = 1_000

/** `@me` and `@team` as the lists of everybody that they can be. */
function ofAll(filter: Filter | boolean, people: readonly Person[]): Filter | boolean {
  if (typeof filter === 'boolean') return filter
  const meant: Readonly<Record<string, readonly string[]>> = {
    '@me': people.map(({ id }) => id).slice(0, mostListed),
    '@team': [...new Set(people.flatMap(({ teammates }) => teammates))].slice(0, mostListed),
  }
  return replaced(filter, meant) as Filter
}

function replaced(value: unknown, meant: Readonly<Record<string, readonly string[]>>): unknown {
  if (typeof value === 'string') return Object.hasOwn(meant, value) ? { $in: meant[value] } : value
  if (Array.isArray(value)) {
    return value.flatMap((one): readonly unknown[] =>
      typeof one === 'string' && Object.hasOwn(meant, one) ? meant[one]! : [replaced(one, meant)],
    )
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const list = typeof inner === 'string' && Object.hasOwn(meant, inner) ? meant[inner] : null
      if (list && key === '$eq') return ['$in', list] as const
      if (list && key === '$ne') return ['$nin', list] as const
      return [key, replaced(inner, meant)] as const
    }),
  )
}
