import { defineHandlers } from '@runwaycrm/sdk'
import { keepSent } from './keep-sent.ts'
import { logReceived } from './log-received.ts'
import { seedSample } from './sample.ts'
import { draftMessage, markUndelivered, replyToMessage, sendMessage } from './send-message.ts'

export const handlers = defineHandlers({
  keepSent,
  draftMessage,
  sendMessage,
  replyToMessage,
  logReceived,
  markUndelivered,
  seedSample,
})
