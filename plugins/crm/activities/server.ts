import { defineHandlers } from '@runwaycrm/sdk'
import { createTask } from './create-task.ts'
import { logActivity } from './log-activity.ts'
import { seedSample } from './sample.ts'

export const handlers = defineHandlers({ logActivity, createTask, seedSample })
