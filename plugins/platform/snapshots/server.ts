import { defineHandlers } from '@runwaycrm/sdk'
import { nightly } from './nightly.ts'
import { bringBack, preview, restore } from './restore.ts'
import { copyRecords, take } from './take.ts'

export const handlers = defineHandlers({
  take,
  preview,
  restore,
  copyRecords,
  bringBack,
  nightly,
})
