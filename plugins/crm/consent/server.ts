import { defineHandlers } from '@runwaycrm/sdk'
import { checkConsent, recordConsent, unsubscribeLink, withdrawConsent } from './consent-actions.ts'
import { keepConsent, keepEntry } from './keep-history.ts'
import { leave, leavePage } from './leave.ts'
import { seedPurposes, seedSample } from './sample.ts'

export const handlers = defineHandlers({
  recordConsent,
  withdrawConsent,
  checkConsent,
  unsubscribeLink,
  checkForOthers: checkConsent,
  linkForOthers: unsubscribeLink,
  leavePage,
  leave,
  keepConsent,
  keepEntry,
  seedPurposes,
  seedSample,
})
