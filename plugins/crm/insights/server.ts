import { defineHandlers } from '@runwaycrm/sdk'
import { churnRiskReport } from './churn-risk-report.ts'
import { comparePeriods } from './compare-periods.ts'
import { executiveDashboard } from './executive-dashboard.ts'
import { leadSourceReport } from './lead-source-report.ts'
import { revenueBySegment } from './revenue-by-segment.ts'
import { teamPerformance } from './team-performance.ts'

export const handlers = defineHandlers({
  executiveDashboard,
  comparePeriods,
  teamPerformance,
  revenueBySegment,
  leadSourceReport,
  churnRiskReport,
})
