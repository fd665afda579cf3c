import { defineHandlers } from '@runwaycrm/sdk'
import { attempt } from './attempt.ts'
import { changeEndpoint, createEndpoint, rotateSecret } from './change-endpoint.ts'
import { changeInbound, createInbound, rotateInboundSecret } from './change-inbound.ts'
import { hear, wanted } from './hear.ts'
import { beginAnew, keepLead, keepOwner, keepSigned } from './keep-safe.ts'
import { knowEvents } from './know-events.ts'
import { receive } from './receive.ts'
import { replayReceived } from './say-received.ts'
import { redeliver, sendTest } from './send-again.ts'
import { sweep, takeUp } from './sweep.ts'

export const handlers = defineHandlers({
  wanted,
  hear,
  attempt,
  createEndpoint,
  changeEndpoint,
  rotateSecret,
  sendTest,
  redeliver,
  beginAnew,
  keepLead,
  keepSigned,
  keepOwner,
  takeUp,
  sweep,
  receive,
  knowEvents,
  createInbound,
  changeInbound,
  rotateInboundSecret,
  replayReceived,
})
