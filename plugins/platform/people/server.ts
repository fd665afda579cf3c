import { defineHandlers } from '@runwaycrm/sdk'
import { erasePerson } from './erase-person.ts'
import { seedSample } from './sample.ts'

export const handlers = defineHandlers({ erasePerson, seedSample })
