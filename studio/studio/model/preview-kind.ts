/** What a contribution is shown as: itself where the CRM draws it, otherwise the object it is about. */
export type PreviewKind = 'view' | 'layout' | 'dashboard' | 'places' | 'record' | 'none'

const kinds: Readonly<Record<string, PreviewKind>> = {
  views: 'view',
  layouts: 'layout',
  dashboards: 'dashboard',
  pages: 'places',
  locales: 'places',
}

/** @param entity reference of the object that a definition names; empty for none. */
export function previewKind(point: string, entity: string): PreviewKind {
  return kinds[point] ?? (entity === '' ? 'none' : 'record')
}
