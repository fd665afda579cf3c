import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import type { Problem } from '../manifest/problem.ts'
import type { Computation, Entity, Field } from './model.ts'

/** A field as it is in the end, and what it took. */
export interface Computed {
  readonly field: Field
  /** Computed fields on the way to what is stored; 0 for a stored one. */
  readonly depth: number
  /** Nodes of its formula with those of all that it builds on. */
  readonly size: number
  /** References of the other entities that it depends on. */
  readonly reads: ReadonlySet<string>
  readonly problems: readonly Problem[]
  /** The way round when it builds on itself. */
  readonly cycle: string | null
  /** Stands without values because something is wrong with it. */
  readonly isBlank: boolean
}

export interface Resolver {
  readonly entities: ReadonlyMap<string, Entity>
  /** A field by its API name; null when there is none. */
  resolve(entity: string, apiName: string): Computed | null
}

/** Something is wrong with a definition: the field is blank. */
export class ComputedError extends Error {
  override readonly name = 'ComputedError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

/** What a definition computes, before its limits were looked at. */
export interface Draft {
  readonly computation: Computation
  readonly typeDefinition: FieldTypeDefinition
  readonly codec: string | null
  /** Whose options and parameters its values have. */
  readonly like: Field | null
  readonly size: number
}

/** Collects what a computation builds on. */
export interface Parts {
  /** @throws ComputedError when there is none, or when it is blank or goes round. */
  use(entity: string, apiName: string): Computed
  read(entity: string): void
}

export function problem(
  at: string,
  code: Problem['code'],
  message: string,
  hint: string,
): ComputedError {
  return new ComputedError({ at, code, message, hint })
}
