import { succeed } from './own-layer.ts'
import { plain, type RouteParts } from './recipe.ts'
import type { World } from './world.ts'

/** Packages that an organisation installs, each with a field of its own. */
export function packageRecipes(): Record<string, readonly RouteParts[]> {
  const small = (world: World) => {
    const n = world.source.count()
    return {
      id: `acme.small${n}`,
      version: '1.0.0',
      contract: 1,
      title: `Small ${world.source.token}`,
      tier: 'declarative',
      requires: { 'crm.accounts': '^1.0.0', 'platform.fields': '^1.0.0' },
      contributes: {
        fields: {
          [`small${n}`]: {
            entity: 'crm.accounts:account',
            field: { type: 'text', label: `Small ${world.source.token}` },
          },
        },
      },
    }
  }
  const installed = async (world: World) => {
    const manifest = small(world)
    await succeed(world.key.call('POST', '/studio/packages', { manifest }))
    return manifest.id
  }
  return {
    'GET /studio/packages': [{ status: 200, build: plain }],
    'POST /studio/packages': [true, false].map((dryRun) => ({
      status: 200,
      build: (world: World) => ({ body: { manifest: small(world), params: {}, dryRun } }),
    })),
    'DELETE /studio/packages/:id': [
      {
        status: 200,
        build: async (world) => ({
          path: `/studio/packages/${await installed(world)}`,
          query: { dryRun: 'false' },
        }),
      },
    ],
    'GET /studio/review': [{ status: 200, build: plain }],
    'POST /studio/review': [
      {
        status: 404,
        build: () => ({
          body: {
            point: 'entities',
            target: 'crm.leads:lead',
            path: ['label'],
            take: 'mine',
          },
        }),
      },
    ],
  }
}
