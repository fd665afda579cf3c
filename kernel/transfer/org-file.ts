import type { OrgInfo } from '@runwaycrm/sdk'
import type { Brand } from '../model/org-row.ts'

/** Of a file that a later release writes, this one can make nothing. */
export const fileVersion = 1

/**
 * An organisation as lines of JSON, in this order: one header, per table its columns and then its rows,
 * files that plugins keep, and an end that counts the rows, so that a file that was cut short is noticed.
 * Rows are as PostgreSQL gives them, without the organisation's id.
 */
export type Line =
  | { readonly runwaycrm: typeof fileVersion; readonly org: OrgHeader; readonly exportedAt: string }
  | { readonly table: string; readonly columns: readonly string[] }
  | { readonly row: Readonly<Record<string, unknown>> }
  | { readonly file: FileEntry }
  | { readonly end: Readonly<Record<string, number>> }

export interface OrgHeader extends Omit<OrgInfo, 'id'> {
  readonly brand: Brand
  readonly revision: number
  readonly epoch: number
}

/** One part of a file that a plugin keeps; long ones come in several. */
export interface FileEntry {
  readonly plugin: string
  readonly key: string
  readonly part: number
  readonly base64: string
}
