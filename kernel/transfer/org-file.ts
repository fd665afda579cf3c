import type { Brand, OrgInfo } from '@runwaycrm/sdk'

/**
 * An organisation as lines of JSON in one gzipped file, in this order:
 *
 *     {"runwaycrm": 2, "exportedAt": "…", "org": {…}, "work": []}  once, `OrgHeader` and `Work`
 *     {"table": "crm_leads_lead", "columns": ["id", …]}            then its rows
 *     {"row": {…}}                                                 as PostgreSQL gives it, without org_id
 *     {"file": {"id": "…", "type": "image/png", "size": 90112}}    then its bytes, 49,152 at a time
 *     {"part": "<base64>"}
 *     {"fileEnd": {"sha256": "<hex>"}}
 *     {"file": {"id": "…", "missing": true}}                       its bytes were lost before already
 *     {"end": {"crm_leads_lead": 12, …}, "files": 3}               once: what was cut short is noticed
 *
 * Version 1 had no files. Of a file that a later release writes, this one can make nothing.
 */
export const fileVersion = 2

/** Bytes of a file in one line; as base64 65,536 characters. */
export const partBytes = 49_152

/** What stays behind on purpose, as people are told. */
export const leftOut =
  'Left out: passwords and other ways to sign in, keys that work, secrets, the log of mails, uploads of imports, events, jobs and traces, host names and the reseller. Members are invited anew. Runs of workflows that wait for people or events go on where the file is read; what waited for a moment goes on when somebody pauses the run and lets it proceed.'

export interface OrgHeader extends Omit<OrgInfo, 'id'> {
  readonly brand: Brand
  readonly revision: number
  readonly epoch: number
}

/** A job of the kernel that others' values wait for: it goes on where the organisation goes. */
export interface Work {
  readonly job: string
  readonly payload: unknown
}

/** A file as whoever keeps files knows it. */
export interface KeptFile {
  readonly id: string
  readonly type: string
  /** In bytes. */
  readonly size: number
}
