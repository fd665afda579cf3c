import { defineHandlers } from '@runwaycrm/sdk'
import { seedSample } from './sample.ts'
import {
  addSegmentToCampaign,
  changeSegment,
  createSegment,
  previewSegment,
  segmentMembers,
} from './segment-actions.ts'

export const handlers = defineHandlers({
  createSegment,
  changeSegment,
  previewSegment,
  segmentMembers,
  addSegmentToCampaign,
  seedSample,
})
