import type { RoleDefinition } from '@runwaycrm/sdk'

/** Sees all of it but some fields, some of them on some records only, and changes a little. */
export const auditor = {
  label: 'Auditor',
  rules: {
    look: { operations: ['read'], entity: '*' },
    noNotes: {
      effect: 'deny',
      operations: ['read'],
      entity: 'crm.leads:lead',
      fields: ['notes', 'nickname', 'budget'],
    },
    noScoreOfSome: {
      effect: 'deny',
      operations: ['read'],
      entity: 'crm.leads:lead',
      fields: ['score', 'campaign', 'ownerId', 'website'],
      condition: { status: { $in: ['new', 'contacted'] } },
    },
    noOpenValues: {
      effect: 'deny',
      operations: ['read'],
      entity: 'crm.opportunities:opportunity',
      fields: ['value', 'probability', 'closeDate', 'accountId'],
      condition: { stage: { $ne: 'won' } },
    },
    noFirstNames: {
      effect: 'deny',
      operations: ['read'],
      entity: 'crm.contacts:contact',
      fields: ['firstName', 'createdBy'],
    },
    noPropertiesOfSome: {
      effect: 'deny',
      operations: ['read'],
      entity: 't:property',
      fields: ['myText', 'myCurrency', 'myInteger', 'lead', 'myTags', 'myDateTime', 'code'],
      condition: { myBoolean: true },
    },
    workOnLeads: {
      operations: ['create', 'update'],
      entity: 'crm.leads:lead',
      fields: ['name', 'phone', 'company', 'score', 'notes'],
    },
    changeOwnState: {
      operations: ['update'],
      entity: 'crm.leads:lead',
      fields: ['status', 'source'],
      scope: 'own',
    },
    convertedStays: {
      effect: 'deny',
      operations: ['update', 'delete'],
      entity: 'crm.leads:lead',
      condition: { status: 'converted' },
      reason: 'What was converted stays as it is.',
    },
    workOnProperties: { operations: ['manage'], entity: 't:property' },
  },
  permissions: ['actions:*', 'import', 'export', 'studio:read'],
} as unknown as RoleDefinition

/** Sees little: some fields of some records, through relations too. */
export const narrow = {
  label: 'Narrow',
  rules: {
    accounts: {
      operations: ['read'],
      entity: 'crm.accounts:account',
      fields: ['name', 'parentId', 'industry'],
    },
    accountsOfMine: {
      operations: ['read', 'update'],
      entity: 'crm.accounts:account',
      fields: ['country', 'website'],
      scope: 'own',
    },
    contacts: {
      operations: ['read'],
      entity: 'crm.contacts:contact',
      condition: { 'account.country': { $exists: true } },
    },
    leads: {
      operations: ['read', 'update', 'delete', 'restore'],
      entity: 'crm.leads:lead',
      scope: 'team',
    },
    noEmails: {
      effect: 'deny',
      operations: ['read'],
      entity: 'crm.leads:lead',
      fields: ['email', 'createdAt', 'updatedBy'],
    },
    noNames: {
      effect: 'deny',
      operations: ['read'],
      entity: 'crm.products:product',
      fields: ['name'],
    },
    products: { operations: ['read', 'create'], entity: 'crm.products:product' },
    addDeals: { operations: ['create'], entity: 'crm.opportunities:opportunity' },
  },
  permissions: ['actions:*'],
} as unknown as RoleDefinition
