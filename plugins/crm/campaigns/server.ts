import { defineHandlers } from '@runwaycrm/sdk'
import { seedSample } from './sample.ts'

export const handlers = defineHandlers({ seedSample })
