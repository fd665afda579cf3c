import { setTimeout as sleep } from 'node:timers/promises'
import { publish, succeed } from './own-layer.ts'
import type { RouteParts } from './recipe.ts'
import type { World } from './world.ts'

type Step = 'wait' | 'fail' | 'write'
const steps: Readonly<Record<Step, object>> = {
  wait: { type: 'platform.workflows:wait', settings: { for: 30, unit: 'days' } },
  fail: { type: 'platform.workflows:stop', settings: { fails: true } },
  write: {
    type: 'platform.workflows:create-record',
    settings: { entity: 'platform.tasks:task', values: { title: 'Written' } },
  },
}
const ends: Readonly<Record<Step, string>> = { wait: 'waiting', fail: 'failed', write: 'done' }

/** A workflow of the world's own. @returns its reference. */
export async function ownWorkflow(world: World, step: Step = 'wait'): Promise<string> {
  const name = `${step}${world.source.count()}`
  const workflow = { label: world.source.token, start: 'only', steps: { only: steps[step] } }
  await publish(world.key, { workflows: { [name]: workflow } })
  return `t:${name}`
}

/** A run of one that waits, that has failed, or that has written. @returns its id. */
export async function ownRun(world: World, step: Step = 'wait'): Promise<string> {
  const workflow = await ownWorkflow(world, step)
  const { runs } = await succeed<{ runs: string[] }>(
    world.key.call('POST', `/workflows/${workflow}/run`, {}),
  )
  const id = runs[0]!
  for (let tries = 0; tries < 1_200; tries++) {
    const { status } = await succeed<{ status: string }>(world.key.call('GET', `/runs/${id}`))
    if (status === ends[step]) return id
    await sleep(50)
  }
  throw new Error('The run did not come so far.')
}

export function workflowRecipes(): Record<string, RouteParts[]> {
  return {
    'GET /workflows': [{ status: 200, build: () => ({}) }],
    'POST /workflows/:ref/run': [
      {
        status: 202,
        build: async (world) => ({ path: `/workflows/${await ownWorkflow(world)}/run`, body: {} }),
      },
    ],
    'GET /workflows/runs/:id': [
      {
        status: 200,
        build: async (world) => ({ path: `/workflows/runs/${await ownRun(world)}` }),
      },
    ],
    'POST /runs/:id/cancel': [
      {
        status: 200,
        anew: true,
        build: async (world) => ({ path: `/runs/${await ownRun(world)}/cancel` }),
      },
    ],
    'POST /runs/:id/retry': [
      {
        status: 200,
        anew: true,
        build: async (world) => ({ path: `/runs/${await ownRun(world, 'fail')}/retry`, body: {} }),
      },
    ],
  }
}
