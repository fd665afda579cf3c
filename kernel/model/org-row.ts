import type { Brand, FieldValues, OrgInfo } from '@runwaycrm/sdk'
import type { Statement } from '../database/postgres.ts'
import { checkEnvelope } from '../manifest/check-plugin.ts'
import type { DraftEditor } from './desk.ts'
import type { PluginState } from './enabled-layers.ts'
import { createLayer, type Layer } from './layer.ts'
import { type LayerDocument, toDocument } from './layer-document.ts'
import { resellerLayerOf } from './reseller-layer.ts'

/** All that makes an organisation's state, as one row of one snapshot. */
export interface OrgRow {
  readonly org: OrgInfo
  readonly brand: Brand
  /** Whether any part of it is its own, not its reseller's. */
  readonly hasOwnBrand: boolean
  readonly revision: number
  readonly epoch: number
  readonly document: LayerDocument
  /** Storage ids of the indexed fields whose copies are complete. */
  readonly filled: ReadonlySet<string>
  readonly packages: readonly Layer[]
  /** What the organisation's reseller offers; null without one, or when it offers nothing. */
  readonly reseller: Layer | null
  readonly states: ReadonlyMap<string, PluginState>
  /** Settings that somebody set, by reference of their contribution. */
  readonly settings: ReadonlyMap<string, FieldValues>
}

/** The epoch of an organisation: its own, and how often its reseller offered something new. */
const epochSql = 'epoch + kernel.reseller_epoch()'

/** One row with the epoch, or none when there is no such organisation. */
export function selectEpoch(orgId: string): Statement {
  return {
    name: 'org_epoch',
    text: `select ${epochSql} as epoch from tenant.org_state where org_id = $1`,
    values: [orgId],
  }
}

const orgRow = `select s.*, s.${epochSql} as full_epoch, r.document as reseller_document, r.brand as reseller_brand,
  (select r.document from tenant.layer_revision r
    where r.org_id = s.org_id and r.n = s.revision) as document,
  (select coalesce(jsonb_agg(f.storage_id), '[]') from tenant.slot_fill f
    where f.org_id = s.org_id and f.is_ready) as filled,
  (select coalesce(jsonb_agg(p.document order by p.id), '[]') from tenant.installed_package p
    where p.org_id = s.org_id) as packages,
  (select coalesce(jsonb_object_agg(p.plugin, p.state), '{}') from tenant.plugin_state p
    where p.org_id = s.org_id) as states,
  (select coalesce(jsonb_object_agg(v.ref, v.value), '{}') from tenant.setting v
    where v.org_id = s.org_id) as settings
from tenant.org_state s left join kernel.reseller_layer() r on true where s.org_id = $1`

/** One statement, so that no publish comes between its parts. */
export function selectOrgRow(orgId: string): Statement {
  return { name: 'org_state', text: orgRow, values: [orgId] }
}

/** The same with the draft, which is null when nobody changed anything. */
export function selectOrgWithDraft(orgId: string): Statement {
  return { name: 'org_state_draft', text: orgWithDraft, values: [orgId] }
}
const orgWithDraft = `select o.*, d.document as draft, d.editors
from (${orgRow}) o left join tenant.layer_draft d on d.org_id = o.org_id`

/** Two who change what an organisation is made of do it one after the other. */
export function lockOrg(orgId: string): Statement {
  return { text: 'select 1 from tenant.org_state where org_id = $1 for update', values: [orgId] }
}

/** Every node that knows an older epoch loads anew. */
export function raiseEpoch(orgId: string): Statement {
  return {
    text: 'update tenant.org_state set epoch = epoch + 1 where org_id = $1 returning epoch',
    values: [orgId],
  }
}

export type OrgWithDraftRow = OrgStateRow & {
  readonly draft: unknown
  readonly editors: readonly DraftEditor[] | null
}

export interface OrgStateRow {
  readonly org_id: string
  readonly revision: number
  readonly full_epoch: number
  readonly name: string
  readonly slug: string
  readonly plan: string
  readonly currency: string
  readonly country: string
  readonly time_zone: string
  readonly locale: string
  readonly brand: Brand
  readonly document: unknown
  readonly filled: readonly string[]
  readonly reseller_document: unknown
  readonly reseller_brand: Brand | null
  readonly packages: readonly { readonly id?: unknown }[]
  readonly states: Readonly<Record<string, PluginState>>
  readonly settings: Readonly<Record<string, FieldValues>>
}

/** A package that does not pass the envelope any more is left out; composing tells the rest. */
export function toOrgRow(row: OrgStateRow): OrgRow {
  return {
    org: Object.freeze({
      id: row.org_id,
      slug: row.slug,
      name: row.name,
      plan: row.plan,
      currency: row.currency,
      country: row.country,
      timeZone: row.time_zone,
      locale: row.locale,
    }),
    brand: Object.freeze({ ...row.reseller_brand, ...row.brand }),
    hasOwnBrand: Object.keys(row.brand).length > 0,
    revision: row.revision,
    epoch: row.full_epoch,
    document: toDocument(row.document),
    filled: new Set(row.filled),
    packages: row.packages.flatMap((document) => {
      const { manifest } = checkEnvelope(document, String(document.id))
      return manifest ? [createLayer(manifest, 'package')] : []
    }),
    reseller: row.reseller_document ? resellerLayerOf(toDocument(row.reseller_document)) : null,
    states: new Map(Object.entries(row.states)),
    settings: new Map(Object.entries(row.settings)),
  }
}
