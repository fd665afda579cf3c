import type { IssueCode } from '@runwaycrm/sdk'

/** Something wrong with a manifest. Problems are collected and told together; they are never thrown. */
export interface Problem {
  /** `plugin/point/key/path`, e.g. `crm.leads/entities/lead/fields/score/min`. */
  readonly at: string
  readonly code: IssueCode
  /** What is wrong, as a sentence. */
  readonly message: string
  /** What its author can do about it. */
  readonly hint: string
  /** Something that stands aside for another or waits, rather than being wrong. */
  readonly notice?: true
}

/** Joins the parts of a place; empty parts are left out. */
export function placeOf(...parts: readonly (string | number)[]): string {
  return parts.filter((part) => part !== '').join('/')
}
