import { defineHandlers } from '@runwaycrm/sdk'
import { findDuplicates } from './find-duplicates.ts'
import { mergeRecords } from './merge-records.ts'

export const handlers = defineHandlers({ findDuplicates, mergeRecords })
