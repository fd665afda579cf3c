import { defineHandlers } from '@runwaycrm/sdk'
import { keepLocked } from './keep-locked.ts'

export const handlers = defineHandlers({ keepLocked })
