import { defineHandlers } from '@runwaycrm/sdk'
import { assignLead } from './assign-lead.ts'
import { convertLead } from './convert-lead.ts'
import { qualifyLead } from './qualify-lead.ts'
import { seedSample } from './sample.ts'
import { scoreLead } from './score-lead.ts'

export const handlers = defineHandlers({
  scoreLead,
  qualifyLead,
  assignLead,
  convertLead,
  seedSample,
})
