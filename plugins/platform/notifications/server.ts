import { defineHandlers } from '@runwaycrm/sdk'
import { hearApprovals } from './hear-approvals.ts'
import { hearRecords } from './hear-records.ts'
import { hearWebhooks } from './hear-webhooks.ts'
import { hearWork } from './hear-work.ts'
import { reachOfMention } from './mentions.ts'
import { nameOwner } from './name-owner.ts'
import { planDigests } from './plan-digests.ts'
import { remind } from './remind.ts'
import { sendDigest } from './send-digest.ts'
import { stopMails, stopPage } from './stop-mails.ts'
import { sweep } from './sweep.ts'
import { tell } from './tell.ts'

export const handlers = defineHandlers({
  hearRecords,
  hearWork,
  hearApprovals,
  hearWebhooks,
  nameOwner,
  remind,
  planDigests,
  sendDigest,
  sweep,
  stopPage,
  stopMails,
  reachOfMention,
  tell,
})
