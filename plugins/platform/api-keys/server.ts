import { defineHandlers } from '@runwaycrm/sdk'
import { createKey } from './create-key.ts'
import { keepWorkingKeys } from './keep-working-keys.ts'
import { noteKey } from './note-key.ts'
import { noteLeftBehind } from './note-left-behind.ts'
import { noteRevoked } from './note-revoked.ts'
import { noteUses } from './note-uses.ts'
import { revokeKey } from './revoke-key.ts'

export const handlers = defineHandlers({
  createKey,
  revokeKey,
  noteKey,
  noteLeftBehind,
  noteRevoked,
  noteUses,
  keepWorkingKeys,
})
