import fc from 'fast-check'

/** Specs of imports, most of them right for a file with the columns Name and Email. */
export const uploadSpecs: fc.Arbitrary<unknown> = fc.record(
  {
    entity: fc.constantFrom('leads', 'accounts', 'contacts', 'crm.leads:lead', 'users', 'nothing'),
    columns: fc.constantFrom<unknown>(
      { Name: 'name', Email: 'email' },
      { Name: 'name', Email: null },
      { Name: { field: 'name', values: { a: 'b' } }, Email: { field: 'email', default: 1 } },
      { Name: { field: 'accountId', relation: { by: 'name', create: true } }, Email: 'lastName' },
      {},
    ),
    key: fc.constantFrom<unknown>([], ['email'], ['name'], ['nothing']),
    onDuplicate: fc.constantFrom('update', 'skip', 'create'),
    workflows: fc.constantFrom('run', 'skip'),
    dryRun: fc.boolean(),
    delimiter: fc.constantFrom(',', ';', '\t'),
    decimal: fc.constantFrom('.', ','),
    dateFormat: fc.constantFrom('YYYY-MM-DD', 'DD/MM/YYYY'),
    timeZone: fc.constantFrom('UTC', 'Europe/Oslo'),
  },
  { requiredKeys: ['entity', 'columns'] },
)
