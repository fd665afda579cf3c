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
  /** The definition is kept: what it does with this part fails where people see why. */
  readonly stays?: true
}

/** A place in a request the way API answers name it: `ops/0/path` is `ops[0].path`. */
export function pathOfPlace(place: string): string {
  return place.replace(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')
}

/** Joins the parts of a place; empty parts are left out. */
export function placeOf(...parts: readonly (string | number)[]): string {
  let place = ''
  for (const part of parts) {
    if (part !== '') place = place === '' ? String(part) : `${place}/${part}`
  }
  return place
}
