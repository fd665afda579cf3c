import type { Brand, PageDefinition } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Contribution } from '../model/model.ts'
import { wordsOf } from '../model/words.ts'
import { describeEntity } from './describe-entity.ts'
import { type DashboardDefinition, visibleDashboard } from './visible-dashboard.ts'
import {
  type ComposerDefinition,
  type LayoutDefinition,
  visibleComposer,
  visibleLayout,
} from './visible-layout.ts'
import { type ViewDefinition, visibleView } from './visible-view.ts'

/** Pictures of the ground under maps. */
export interface MapTiles {
  /** With `{z}`, `{x}` and `{y}`. */
  readonly tiles: string
  readonly credit: string | null
}

export interface ModelViewInput {
  readonly revision: number
  readonly brand: Brand
  readonly email: string | null
  /** The last event before this was read. */
  readonly cursor: number
  readonly actions: readonly object[]
  readonly map: MapTiles | null
}

/** Rights that are not about one record, as roles and scopes name them. */
const permissions = [
  'actions:*',
  'studio:read',
  'studio:write',
  'import',
  'export',
  'members:manage',
  'keys:manage',
  'settings:write',
]

/**
 * What a principal may know of their organisation's model: everything that the app draws, and nothing
 * that they may not read.
 */
export function modelView(ctx: RequestContext, input: ModelViewInput) {
  const { model, org, principal, ability } = ctx
  const entities = [...model.entities.values()]
    .map((entity) => describeEntity(ctx, entity))
    .filter((entity) => entity.can.read || entity.can.create)
    .sort((a, b) => a.order - b.order || compare(a.ref, b.ref))
  const readable = new Set(entities.map((entity) => entity.ref))
  return {
    revision: input.revision,
    hash: model.hash,
    draft: ctx.draft,
    // What is loaded from now on shows all events up to here; a live connection tells of those behind it.
    live: { cursor: String(input.cursor) },
    org,
    me: {
      id: principal.userId ?? principal.id,
      name: principal.name,
      email: input.email,
      roles: principal.roles,
    },
    permissions: permissions.filter((permission) => ability.allows(permission)),
    brand: brandOf(input.brand, org.name),
    map: input.map,
    entities,
    pages: pagesOf(ctx, readable),
    views: viewsOf(ctx, readable),
    layouts: layoutsOf(ctx, readable),
    composers: composersOf(ctx, readable),
    dashboards: dashboardsOf(ctx),
    actions: input.actions,
    roles: [...model.roles.values()].sort(byOrder).map(({ ref, plugin, key, definition }) => ({
      ref,
      label: wordsOf(ctx, plugin, `roles.${key}.label`, definition.label),
    })),
  }
}

/** What the frame shows; the rest is for the sign-in page and for mails. */
function brandOf({ name, color, colorDark, logo, favicon }: Brand, orgName: string): Brand {
  return {
    name: name ?? orgName,
    ...(color === undefined ? {} : { color }),
    ...(colorDark === undefined ? {} : { colorDark }),
    ...(logo === undefined ? {} : { logo }),
    ...(favicon === undefined ? {} : { favicon }),
  }
}

function pagesOf(ctx: RequestContext, readable: ReadonlySet<string>) {
  return [...ctx.model.pages.values()]
    .filter(({ definition }) => !definition.hidden && isOpen(ctx, definition, readable))
    .sort(byOrder)
    .map(({ ref, plugin, key, definition }) => {
      const {
        hidden: _,
        permission: __,
        order = 1000,
        ...page
      } = definition as PageDefinition & {
        permission?: string
      }
      return { ref, order, ...page, label: wordsOf(ctx, plugin, `pages.${key}.label`, page.label) }
    })
}

/** A page of records is open to whoever reads them, one with a permission to whoever has it. */
function isOpen(
  ctx: RequestContext,
  page: PageDefinition & { readonly permission?: string },
  readable: ReadonlySet<string>,
): boolean {
  if (page.entity !== undefined && !readable.has(page.entity)) return false
  return page.permission === undefined || ctx.ability.allows(page.permission)
}

/** Contributions to the point `views`, whichever plugin declares it. */
function viewsOf(ctx: RequestContext, readable: ReadonlySet<string>) {
  const point = ctx.model.points.get('views')
  if (!point) return []
  return shownOf<ViewDefinition>(ctx, 'views', readable).flatMap(
    ({ ref, plugin, key, definition }) => {
      const seen = visibleView(ctx, ctx.model.entities.get(definition.entity)!, definition, point)
      if (!seen) return []
      const { hidden: _, order = 1000, ...view } = seen
      const label = wordsOf(ctx, plugin, `views.${key}.label`, view.label)
      return [{ ref, order, ...view, label }]
    },
  )
}

/** Contributions to the point `layouts`: the first of each entity. */
function layoutsOf(ctx: RequestContext, readable: ReadonlySet<string>) {
  const first = new Map<string, Contribution<LayoutDefinition>>()
  for (const layout of shownOf<LayoutDefinition>(ctx, 'layouts', readable))
    if (!first.has(layout.definition.entity)) first.set(layout.definition.entity, layout)
  return [...first.values()].map((layout) => visibleLayout(ctx, layout))
}

/** Contributions to the point `composers`. */
function composersOf(ctx: RequestContext, readable: ReadonlySet<string>) {
  return shownOf<ComposerDefinition>(ctx, 'composers', readable).flatMap(
    (composer) => visibleComposer(ctx, composer) ?? [],
  )
}

/** Contributions to the point `dashboards`. */
function dashboardsOf(ctx: RequestContext) {
  const all = (ctx.model.contributions.get('dashboards') ?? new Map()) as ReadonlyMap<
    string,
    Contribution<DashboardDefinition>
  >
  return [...all.values()]
    .filter(({ definition }) => !definition.hidden)
    .sort(byOrder)
    .flatMap((one) => visibleDashboard(ctx, one) ?? [])
}

function shownOf<T extends { readonly entity: string; readonly hidden?: boolean }>(
  ctx: RequestContext,
  point: string,
  readable: ReadonlySet<string>,
): Contribution<T & { readonly order?: number }>[] {
  const all = (ctx.model.contributions.get(point) ?? new Map()) as ReadonlyMap<
    string,
    Contribution<T & { readonly order?: number }>
  >
  return [...all.values()]
    .filter(({ definition }) => !definition.hidden && readable.has(definition.entity))
    .sort(byOrder)
}

function byOrder(
  a: { readonly ref: string; readonly definition: { readonly order?: number } },
  b: { readonly ref: string; readonly definition: { readonly order?: number } },
): number {
  return (a.definition.order ?? 1000) - (b.definition.order ?? 1000) || compare(a.ref, b.ref)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
