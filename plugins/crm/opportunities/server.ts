import { defineHandlers } from '@runwaycrm/sdk'
import { closeOpportunity } from './close-opportunity.ts'
import { followStage } from './follow-stage.ts'
import { forecastRevenue } from './forecast-revenue.ts'
import { pipelineHealth } from './pipeline-health.ts'
import { seedSample } from './sample.ts'
import { updateStage } from './update-stage.ts'

export const handlers = defineHandlers({
  followStage,
  updateStage,
  closeOpportunity,
  forecastRevenue,
  pipelineHealth,
  seedSample,
})
