import { defineHandlers } from '@runwaycrm/sdk'
import { deliver } from './deliver.ts'
import { getMessage, listMessages } from './routes.ts'
import { send } from './send.ts'

export const handlers = defineHandlers({ send, deliver, listMessages, getMessage })
