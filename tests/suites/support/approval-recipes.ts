import { setTimeout as sleep } from 'node:timers/promises'
import { publish, succeed } from './own-layer.ts'
import type { RouteParts } from './recipe.ts'
import type { World } from './world.ts'

/** What a run of a workflow of the world's own asks the member who owns it. */
export async function asked(
  world: World,
  type: 'approval' | 'form' = 'approval',
): Promise<{ readonly id: string; readonly hash: string }> {
  const name = `${type}${world.source.count()}`
  const fields = type === 'form' ? { fields: { why: { label: 'Why', type: 'text' } } } : {}
  const settings = { assignee: world.userId, title: world.source.token, ...fields }
  const workflow = {
    label: world.source.token,
    start: 'ask',
    steps: { ask: { type: `platform.approvals:${type}`, settings } },
  }
  await publish(world.key, { workflows: { [name]: workflow } })
  const { runs } = await succeed<{ runs: string[] }>(
    world.key.call('POST', `/workflows/t:${name}/run`, {}),
  )
  const filter = encodeURIComponent(JSON.stringify({ run: runs[0], status: 'pending' }))
  for (let tries = 0; tries < 1_200; tries++) {
    const { data } = await succeed<{ data: { id: string; hash: string }[] }>(
      world.key.call('GET', `/approvals?filter=${filter}`),
    )
    if (data[0]) return data[0]
    await sleep(50)
  }
  throw new Error('Nobody was asked.')
}

export function approvalRecipes(): Record<string, RouteParts[]> {
  const session = async (world: World) => ({ cookie: (await world.openSession()).cookie })
  return {
    'GET /approvals/waiting': [
      {
        status: 200,
        async build(world) {
          await asked(world)
          return { headers: await session(world) }
        },
      },
    ],
    'GET /approvals/:id/state': [
      {
        status: 200,
        async build(world) {
          const { id } = await asked(world)
          return { path: `/approvals/${id}/state`, headers: await session(world) }
        },
      },
    ],
    'POST /approvals/:id/decide': [
      {
        status: 200,
        anew: true,
        async build(world) {
          const { id, hash } = await asked(world)
          const body = { decision: 'approved', hash, comment: world.source.token }
          return { path: `/approvals/${id}/decide`, headers: await session(world), body }
        },
      },
    ],
    'POST /approvals/:id/submit': [
      {
        status: 200,
        anew: true,
        async build(world) {
          const { id, hash } = await asked(world, 'form')
          const body = { answers: { why: world.source.token }, hash }
          return { path: `/approvals/${id}/submit`, headers: await session(world), body }
        },
      },
    ],
  }
}
