import { defineHandlers } from '@runwaycrm/sdk'
import { addToCampaign } from './add-to-campaign.ts'
import { campaignAnalytics } from './campaign-analytics.ts'
import { checkMember } from './check-member.ts'
import { seedSample } from './sample.ts'
import { seedMembers } from './sample-members.ts'

export const handlers = defineHandlers({
  seedSample,
  seedMembers,
  checkMember,
  addToCampaign,
  campaignAnalytics,
})
