import type { RouteDeclaration } from '../../../kernel/http/route.ts'

/**
 * Every place at which the product shows or writes records, by the routes (and their parameters) that lead
 * there. What is declared and stands neither here nor below fails the permission suite.
 */
export const surfaces: Readonly<Record<string, readonly string[]>> = {
  list: ['GET /:plural'],
  fields: ['GET /:plural?fields', 'GET /:plural/:id?fields'],
  filter: ['GET /:plural?filter'],
  sort: ['GET /:plural?sort'],
  expand: ['GET /:plural?expand', 'GET /:plural/:id?expand'],
  count: ['GET /:plural?count'],
  deleted: ['GET /:plural?deleted'],
  get: ['GET /:plural/:id'],
  group: ['POST /:plural/aggregate'],
  measures: ['POST /:plural/aggregate'],
  formula: ['POST /studio/formula'],
  history: ['GET /:plural/:id/history', 'GET /:plural/:id/history?field'],
  provenance: ['GET /:plural/:id/provenance'],
  timeline: ['GET /:plural/:id/timeline', 'GET /:plural/:id/timeline?types'],
  changes: ['GET /changes', 'GET /changes?parent'],
  change: ['GET /changes/:id'],
  search: ['GET /search', 'GET /search?q', 'GET /search?entities'],
  live: ['GET /live'],
  model: ['GET /model'],
  openapi: ['GET /openapi.json'],
  explain: [
    'GET /access/explain',
    ...['entity', 'id', 'action', 'field', 'userId'].map((name) => `GET /access/explain?${name}`),
  ],
  action: ['GET /actions', 'POST /actions/:ref'],
  create: ['POST /:plural'],
  update: ['PATCH /:plural/:id'],
  delete: ['DELETE /:plural/:id'],
  restore: ['POST /:plural/:id/restore'],
  bulk: ['POST /:plural/bulk'],
  import: [
    'POST /imports',
    'GET /imports',
    'GET /imports/:id',
    'GET /imports/:id/errors',
    'POST /imports/:id/start',
    'POST /imports/:id/cancel',
  ],
  export: [
    'POST /exports',
    'GET /exports',
    'GET /exports/:id',
    'GET /exports/:id/content',
    'POST /exports/:id/cancel',
  ],
  revert: ['POST /changes/:id/revert'],
}

/** Routes that carry no record of an entity, and why. */
const withoutRecords: Readonly<Record<string, string>> = {
  'GET /jobs': 'names the work of whoever asks: tests/integration/jobs.test.ts',
  'POST /jobs/:id/cancel': 'stops the work of whoever asks: tests/integration/jobs.test.ts',
  'GET /workflows': 'counts runs under their reader: tests/integration/workflows.test.ts',
  'POST /workflows/:ref/run': 'begins work: tests/integration/workflows.test.ts',
  'GET /workflows/runs/:id': 'asks for the run first: tests/integration/workflows.test.ts',
  'POST /runs/:id/cancel': 'asks for the run first: tests/integration/workflows.test.ts',
  'POST /runs/:id/retry': 'asks for the run first: tests/integration/workflows.test.ts',
  'GET /forms': 'lists under its reader: tests/integration/web-forms.test.ts',
  'GET /approvals/waiting': 'lists under its reader: tests/integration/approvals.test.ts',
  'GET /approvals/:id/state': 'asks for the record first: tests/integration/approvals.test.ts',
  'POST /approvals/:id/decide': 'asks for the record first: tests/integration/approvals.test.ts',
  'POST /approvals/:id/submit': 'asks for the record first: tests/integration/approvals.test.ts',
  'PUT /:plural/:id': 'is refused',
  'GET /auth/me': 'shows whoever asks themselves',
  'GET /me/mentions':
    'says yes or no about a record that whoever asks may read: tests/integration/notifications.test.ts',
  'GET /mail/messages': 'asks for settings:write',
  'GET /mail/messages/:id': 'asks for settings:write',
  'GET /invitations': 'asks for members:manage',
  'POST /invitations': 'asks for members:manage',
  'DELETE /invitations/:id': 'asks for members:manage',
  'GET /studio/points': 'is the model, not its records',
  'GET /studio/contributions': 'is the model, not its records',
  'GET /studio/contributions/:point/:ref': 'is the model, not its records',
  'GET /studio/schemas': 'is the model, not its records',
  'GET /studio/impact': 'counts records for those who see the layer',
  'POST /studio/access-diff': 'counts records for those who see the layer',
  'GET /studio/archive': 'counts values for those who see the layer',
  'POST /studio/archive/restore': 'is the layer, not its records',
  'POST /studio/archive/purge': 'asks for studio:write, and shows no value',
  'GET /studio/archive/files/:id':
    'asks for studio:write: tests/integration/studio-archive.test.ts',
  'GET /studio/changes': 'is the layer, not its records',
  'GET /studio/revisions/:n': 'is the layer, not its records',
  'GET /studio/draft': 'is the layer, not its records',
  'PATCH /studio/draft': 'is the layer, not its records',
  'DELETE /studio/draft': 'is the layer, not its records',
  'POST /studio/plan': 'counts records for those who write the layer',
  'POST /studio/publish': 'is the layer, not its records',
  'POST /studio/rollback': 'is the layer, not its records',
  'GET /studio/revisions': 'is the layer, not its records',
  'POST /studio/export': 'is the layer, not its records',
  'POST /studio/export/parts': 'is the layer, not its records',
  'GET /studio/packages': 'is the stack of layers, not records',
  'POST /studio/packages': 'counts records for those who write the layer',
  'DELETE /studio/packages/:id': 'counts records for those who write the layer',
  'GET /studio/review': 'is the layer, not its records',
  'POST /studio/review': 'is the layer, not its records',
  'GET /studio/functions': 'is the same for everybody',
  'POST /files': 'is of nobody yet: tests/integration/files.test.ts',
  'GET /files/:id/content':
    'asks the record that holds it, under its reader: tests/integration/files.test.ts',
  'GET /files/:id/thumbnail':
    'asks the record that holds it, under its reader: tests/integration/thumbnails.test.ts',
  'GET /settings': 'asks for settings:write',
  'PATCH /settings/org': 'asks for settings:write',
  'PATCH /settings/:ref': 'asks for settings:write',
  'GET /branding/shades': 'asks for settings:write, and looks at no record',
  'GET /branding/terms': 'is the words of the layer, not its records',
  'GET /plugins': 'asks for settings:write',
  'PATCH /plugins/:id': 'asks for settings:write',
}

/** Parameters that only say which part of a list, which every surface with pages is asked with. */
const paging = ['limit', 'cursor', 'offset']

/** What the product declares and no surface covers, as `GET /search?q`. */
export function uncovered(routes: readonly RouteDeclaration[]): string[] {
  const known = new Set([...Object.values(surfaces).flat(), ...Object.keys(withoutRecords)])
  return routes.flatMap((route) => {
    // Whoever is nobody, or signs in and out, gets no records; probes and pages neither.
    if (route.auth !== 'principal') return []
    const path = route.path.replace(/^\/records\/:ref/, '/:plural')
    const name = `${route.method} ${path}`
    if (name in withoutRecords) return []
    const parameters = route.query === 'any' ? [] : Object.keys(route.query)
    const asked = parameters.filter((parameter) => !paging.includes(parameter))
    return [name, ...asked.map((parameter) => `${name}?${parameter}`)].filter(
      (one) => !known.has(one),
    )
  })
}
