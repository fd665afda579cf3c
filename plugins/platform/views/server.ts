import { defineHandlers } from '@runwaycrm/sdk'
import { keepLocked } from './keep-locked.ts'
import { nameEverybody } from './name-everybody.ts'

export const handlers = defineHandlers({ keepLocked, nameEverybody })
