import type { Page } from 'playwright-core'

type Step = (page: Page) => Promise<void>
export interface Shot {
  readonly name: string
  readonly path: string
  readonly step?: Step
  readonly isSignedOut?: boolean
  /** Where there is such a thing at all. */
  readonly only?: 'phone' | 'desktop'
}

const openFirst: Step = async (page) => {
  await page.locator('.title-link, .rcard').first().click()
  await page.getByRole('tab', { name: 'Timeline' }).click()
}
/** What a list of the page leads to. */
const openListed =
  (selector: string): Step =>
  (page) =>
    page.locator(selector).first().click()
const openFailedRun = openListed('a[href^="/studio/runs/"]:has(.badge[data-tone=danger])')
/** Runs a workflow on trial. */
const tryIt = openListed(':is(.topbar, .studio-view) .btn[data-kind=primary]')
/** By its name in English, or in German. */
async function openAction(page: Page, names: readonly [string, string]): Promise<void> {
  const isGerman = (await page.locator('html').getAttribute('lang')) === 'de'
  await press('Control+k')(page)
  await page.getByRole('dialog').waitFor()
  const name = names[isGerman ? 1 : 0]
  await page.keyboard.type(name)
  // A new record may be called the same, and stands above.
  await page.getByRole('option', { name }).last().click()
  await page.getByRole('dialog', { name }).waitFor()
}
const press =
  (key: string): Step =>
  (page) =>
    page.keyboard.press(key)

/** Every page, and how it comes to show something. */
export const shots: readonly Shot[] = [
  { name: 'sign-in', path: '/sign-in', isSignedOut: true },
  { name: 'sign-in-brand', path: '/sign-in?org=marigold', isSignedOut: true },
  { name: 'sign-up', path: '/sign-up', isSignedOut: true },
  { name: 'forgot-password', path: '/forgot', isSignedOut: true },
  { name: 'accept-invitation', path: '/accept#token=x', isSignedOut: true },
  {
    name: 'home',
    path: '/',
    step: async (page) => {
      await page.locator('.dashtile canvas').nth(3).waitFor()
      // The drawing itself takes some frames more.
      await page.waitForTimeout(500)
    },
  },
  { name: 'leads', path: '/leads' },
  { name: 'leads-by-source', path: '/leads?view=crm.leads%3Aby_source' },
  { name: 'accounts', path: '/accounts' },
  { name: 'opportunities', path: '/opportunities' },
  { name: 'board', path: '/opportunities?view=crm.opportunities%3Apipeline' },
  { name: 'calendar', path: '/tasks?view=platform.tasks%3Acalendar' },
  { name: 'gallery', path: '/specimens?kind=gallery' },
  { name: 'map', path: '/accounts?view=crm.accounts%3Amap' },
  {
    name: 'map-world',
    path: '/accounts?view=crm.accounts%3Amap',
    step: async (page) => {
      await page.locator('.map-mark').first().waitFor()
      await page.locator('.map').focus()
      for (let n = 0; n < 4; n++) await page.keyboard.press('-')
    },
  },
  { name: 'timeline', path: '/campaigns?view=crm.campaigns%3Atimeline' },
  { name: 'chart', path: '/opportunities?view=crm.opportunities%3Aby_stage' },
  {
    name: 'calendar-week',
    path: '/tasks?view=platform.tasks%3Acalendar&set={"calendar":{"scale":"week"}}',
  },
  {
    name: 'view-kinds',
    path: '/opportunities?view=crm.opportunities%3Aby_stage',
    step: (page) => page.locator('.view-trigger').click(),
  },
  {
    name: 'filter-groups',
    path: `/leads?filter=${encodeURIComponent('{"$or":[{"score":{"$gte":50}},{"$and":[{"status":"new"},{"name":{"$contains":"a"}}]}]}')}`,
    step: (page) => page.getByRole('button', { name: /Any of/ }).click(),
  },
  { name: 'record', path: '/leads', step: openFirst },
  {
    name: 'record-chart',
    path: '/accounts',
    step: async (page) => {
      await page.locator('.title-link, .rcard').first().click()
      const chart = page.locator('.recordchart canvas').first()
      await chart.waitFor()
      await chart.scrollIntoViewIfNeeded()
      await page.waitForTimeout(500)
    },
  },
  {
    name: 'new-record',
    path: '/opportunities',
    step: (page) => page.getByRole('button', { name: 'New opportunity' }).click(),
  },
  {
    name: 'palette',
    path: '/leads',
    step: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.type('nor')
    },
  },
  {
    name: 'action',
    path: '/orders',
    step: async (page) => {
      await openAction(page, ['Create an order', 'Auftrag anlegen'])
      await page.getByRole('dialog').locator('.schemapart > .btn').click()
    },
  },
  {
    name: 'action-answer',
    path: '/opportunities',
    step: async (page) => {
      await openAction(page, ['Pipeline health', 'Zustand der Pipeline'])
      await page.getByRole('dialog').locator('button[type=submit]').click()
      await page.getByRole('dialog').locator('.kv').first().waitFor()
    },
  },
  { name: 'shortcuts', path: '/leads', step: press('?') },
  { name: 'changes', path: '/changes' },
  { name: 'inbox', path: '/inbox' },
  { name: 'approvals', path: '/approvals' },
  { name: 'settings-notifications', path: '/settings/notifications' },
  { name: 'import', path: '/imports' },
  {
    name: 'import-map',
    path: '/imports?entity=leads',
    step: async (page) => {
      const text = `Name,Status,Score,Campaign
Ann,Fresh,5,Spring
Bo,Qualified,7,
Cy,Odd,many,Boats
`
      const file = { name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
      await page.getByLabel('CSV file').setInputFiles(file)
      await page.locator('.import-preview').waitFor()
    },
  },
  {
    name: 'export',
    path: '/leads',
    step: async (page) => {
      await page.locator('.topbar').getByRole('button', { name: 'More', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Export this view' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'jobs',
    path: '/leads',
    step: async (page) => {
      await page.locator('.topbar').getByRole('button', { name: 'More', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Export this view' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click()
      const tray = page.locator('.tray')
      await tray.getByText('none running').waitFor()
      // On a phone it folds when the work has ended.
      const unfold = tray.getByRole('button', { name: 'Unfold' })
      if (await unfold.isVisible()) await unfold.click()
    },
  },
  { name: 'settings', path: '/settings' },
  { name: 'members', path: '/settings/members' },
  { name: 'api-keys', path: '/settings/api-keys' },
  { name: 'mail', path: '/settings/mail' },
  {
    name: 'branding',
    path: '/settings/branding',
    step: async (page) => {
      await page.getByLabel('Name', { exact: true }).fill('Marigold Events')
      await page.getByLabel('Brand colour', { exact: true }).fill('#f5a524')
      await page.getByLabel('Sentence beside the form').fill('Every guest list, one calm place.')
      await page.getByText('#f5a524', { exact: true }).first().waitFor()
    },
  },
  { name: 'terms', path: '/settings/terms' },
  { name: 'studio-objects', path: '/studio/objects' },
  {
    name: 'studio-object',
    path: '/studio/objects/crm.opportunities:opportunity?field=budget',
    step: (page) => page.locator('.pvrec').waitFor({ state: 'attached' }),
  },
  {
    name: 'studio-object-json',
    path: '/studio/objects/crm.opportunities:opportunity?field=stage',
    step: async (page) => {
      const face = page.locator('.seg-faces').getByRole('radio', { name: 'JSON' })
      if (await face.isVisible()) await face.click()
      await page.locator('.code-host').waitFor()
    },
  },
  {
    name: 'studio-object-error',
    path: '/studio/objects/crm.opportunities:opportunity?field=budget',
    step: async (page) => {
      const max = page.getByLabel('Largest value', { exact: true })
      await max.fill('5 million')
      await max.blur()
      await page.locator('.scontrol .is-error').first().waitFor()
    },
  },
  {
    name: 'studio-new-object',
    path: '/studio/objects',
    step: (page) => page.getByRole('button', { name: 'New object' }).click(),
  },
  {
    name: 'studio-new-field',
    path: '/studio/objects/crm.opportunities:opportunity',
    step: (page) => page.getByRole('button', { name: 'New field' }).click(),
  },
  {
    name: 'studio-publish',
    path: '/studio/objects',
    step: async (page) => {
      await page.getByRole('button', { name: /^(Review and publish|Publish)$/ }).click()
      await page.locator('.pitem').first().waitFor()
    },
  },
  { name: 'studio-points', path: '/studio/points/views' },
  ...[
    ['view', 'views/crm.opportunities:pipeline', '.bcard'],
    ['view-table', 'views/crm.leads:all', ':is(.tbody .tr, .rcard)'],
    ['view-chart', 'views/crm.opportunities:by_stage', 'canvas'],
    ['view-map', 'views/crm.accounts:map', '.map'],
    ['layout', 'layouts/crm.accounts:account', '.phead-title'],
    ['dashboard', 'dashboards/crm.insights:sales', 'canvas'],
    ['page', 'pages/crm.leads:leads', '.nav-item'],
  ].map(([name, place, drawn]) => ({
    name: `studio-${name}`,
    path: `/studio/points/${place}`,
    step: async (page: Page) => {
      const face = page.locator('.seg-faces [role=radio]').last()
      if (await face.isVisible()) await face.click()
      await page.locator(`.preview ${drawn}`).first().waitFor({ state: 'attached' })
      await page.waitForTimeout(500)
    },
  })),
  { name: 'studio-role', path: '/studio/roles/platform.people:editor' },
  { name: 'studio-revisions', path: '/studio/revisions' },
  { name: 'studio-archive', path: '/studio/archive' },
  { name: 'studio-plugins', path: '/studio/plugins' },
  { name: 'studio-explorer', path: '/studio/explorer' },
  {
    name: 'leads-bulk',
    path: '/leads',
    step: async (page) => {
      // A card is chosen by holding it, a row by its box.
      const card = page.locator('.rcard').first()
      if (await card.isVisible()) await card.click({ delay: 1000 })
      else for (const row of [0, 2]) await page.locator('.tbody .tr .check').nth(row).click()
      await page.locator('.bulkbar').waitFor()
    },
  },
  { name: 'leads-empty', path: `/leads?filter=${encodeURIComponent('{"name":"nobody at all"}')}` },
  { name: 'missing', path: '/nothing-is-here' },
  { name: 'missing-record', path: '/leads/01a21472-aeb3-7521-befb-59aa9338c6cf' },
  {
    name: 'account-menu',
    only: 'desktop',
    path: '/',
    step: (page) => page.getByRole('button', { name: /account menu/ }).click(),
  },
  { name: 'forms', path: '/forms' },
  { name: 'forms-new', path: '/forms/new' },
  { name: 'forms-edit', path: '/forms', step: openListed('.webform-row') },
  {
    name: 'forms-public',
    path: '/forms',
    step: async (page) => {
      await openListed('.webform-row')(page)
      const url = await page.getByLabel(/^(Link)$/).inputValue()
      await page.goto(new URL(url).pathname)
    },
  },
  {
    name: 'forms-refused',
    path: '/forms',
    step: async (page) => {
      await openListed('.webform-row')(page)
      await page.goto(new URL(await page.getByLabel('Link', { exact: true }).inputValue()).pathname)
      await page.getByRole('button', { name: 'Send' }).click()
    },
  },
  { name: 'approval', path: '/approvals', step: openListed('.approval-row:has-text("Sign")') },
  {
    name: 'approval-form',
    path: '/approvals',
    step: openListed('.approval-row:has-text("About")'),
  },
  { name: 'approvals-asked', path: '/approvals?tab=asked' },
  {
    name: 'approvals-away',
    path: '/approvals',
    step: (page) => page.getByRole('button', { name: 'Be away…' }).click(),
  },
  { name: 'webhooks', path: '/webhook-endpoints' },
  { name: 'webhook', path: '/webhook-endpoints', step: openListed('.title-link, .rcard') },
  { name: 'webhook-deliveries', path: '/webhook-deliveries' },
  { name: 'webhooks-in', path: '/inbound-webhooks' },
  { name: 'webhook-in', path: '/inbound-webhooks', step: openListed('.title-link, .rcard') },
  { name: 'webhooks-received', path: '/received-webhooks' },
  { name: 'webhook-received', path: '/received-webhooks', step: openListed('.title-link, .rcard') },
  {
    name: 'webhook-in-new',
    path: '/inbound-webhooks',
    step: async (page) => {
      await page.getByRole('button', { name: 'Open an inbound webhook' }).first().click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'studio-workflows', path: '/studio/workflows' },
  { name: 'studio-workflow', path: '/studio/points/workflows/t%3Arank' },
  {
    name: 'studio-workflow-rule',
    path: '/studio/points/workflows/t%3Arank',
    step: openListed(':is(.gnode, .glist button):has-text("Good enough?")'),
  },
  {
    name: 'studio-workflow-step',
    path: '/studio/points/workflows/t%3Arank',
    step: openListed(':is(.gnode, .glist button):has-text("Make a task")'),
  },
  { name: 'studio-recipe', path: '/studio/points/workflows/crm.recipes%3Alead-qualification' },
  { name: 'studio-try', path: '/studio/workflows/t%3Arank/try' },
  {
    name: 'studio-tried',
    path: '/studio/workflows/t%3Arank/try',
    step: async (page) => {
      await tryIt(page)
      await page.locator('.gnode').first().waitFor()
    },
  },
  {
    name: 'studio-tried-step',
    path: '/studio/workflows/t%3Arank/try',
    step: async (page) => {
      await tryIt(page)
      await page.locator('.gnode').first().click()
    },
  },
  {
    name: 'studio-run',
    path: '/studio/workflows',
    step: openFailedRun,
  },
  {
    name: 'studio-run-step',
    path: '/studio/workflows',
    step: async (page) => {
      await openFailedRun(page)
      await page.locator('.gnode:has-text("Good enough?")').click()
    },
  },
  {
    name: 'studio-run-failed-step',
    path: '/studio/workflows',
    step: async (page) => {
      await openFailedRun(page)
      await page.locator('.gnode[data-s=failed]').click()
    },
  },
  {
    name: 'studio-export',
    path: '/studio/plugins',
    step: async (page) => {
      await page.locator('section.card button').first().click()
      await page.locator('.pickgroup').first().waitFor()
    },
  },
  {
    name: 'studio-export-some',
    path: '/studio/plugins',
    step: async (page) => {
      await page.locator('section.card button').first().click()
      await page.locator('.pickgroup legend input').nth(1).uncheck()
      await page.locator('.pickvalue, .pickgroup .btn').last().scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'studio-plugin',
    path: '/studio/plugins',
    step: (page) => page.locator('.list-row').nth(3).click(),
  },
  { name: 'studio-review', path: '/studio/review' },
  { name: 'studio-roles', path: '/studio/roles' },
  { name: 'studio-role-fields', path: '/studio/roles/platform.people:rep?tab=fields' },
  { name: 'studio-role-rules', path: '/studio/roles/t:north?tab=rules' },
  {
    name: 'studio-role-condition',
    path: '/studio/roles/t:north?tab=rules',
    step: async (page) => {
      await page.getByRole('button', { name: /leads/i, expanded: false }).last().click()
      await page
        .getByRole('button', { name: /^\d condition/ })
        .first()
        .click()
    },
  },
  { name: 'studio-object-layout', path: '/studio/objects/crm.leads:lead?tab=layout' },
  { name: 'studio-object-settings', path: '/studio/objects/crm.leads:lead?tab=settings' },
  { name: 'studio-object-own', path: '/studio/objects/t:specimen?field=level' },
  { name: 'studio-explorer-object', path: '/studio/explorer?object=leads' },
  { name: 'studio-query', path: '/studio/explorer?object=leads&mode=query' },
  { name: 'studio-locales', path: '/studio/points/locales' },
  {
    name: 'studio-menu',
    only: 'phone',
    path: '/studio/objects',
    step: (page) => page.locator('.tabbar button, .tabbar a').last().click(),
  },
  {
    name: 'studio-publish-access',
    path: '/studio/objects',
    step: async (page) => {
      await page.getByRole('button', { name: /^(Review and publish|Publish)$/ }).click()
      await page.locator('.pitem').first().waitFor()
      await page.getByRole('region', { name: 'Who can do what' }).scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'studio-revision',
    path: '/studio/revisions',
    step: (page) => page.getByRole('button', { name: 'What changed' }).first().click(),
  },
  { name: 'fields-table', path: '/specimens' },
  { name: 'fields-record', path: '/specimens', step: (page) => openSpecimen(page) },
  {
    name: 'fields-record-below',
    path: '/specimens',
    step: async (page) => {
      await openSpecimen(page)
      await page.getByText('Level', { exact: true }).first().scrollIntoViewIfNeeded()
    },
  },
  ...['Person', 'Tint', 'Papers', 'Story', 'Steps', 'Sizes', 'Country'].map((field) => ({
    name: `fields-edit-${field.toLowerCase()}`,
    path: '/specimens',
    step: async (page: Page) => {
      await openSpecimen(page)
      await page.getByRole('button', { name: `Change: ${field}`, exact: true }).click()
    },
  })),
  {
    name: 'fields-new',
    path: '/specimens',
    step: async (page) => {
      await page.getByRole('button', { name: 'New specimen' }).click()
      await page.locator('.form-more').click()
    },
  },
]

async function openSpecimen(page: Page): Promise<void> {
  await page.locator('.title-link, .rcard').first().click()
  await page.getByRole('tab', { name: 'Details' }).click()
}
