import { createInBatches, type HandlerContext } from '@runwaycrm/sdk'

/** The price list of a maker of devices for warehouses. */
export async function seedSample(_options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  await createInBatches(
    ctx.records,
    'crm.products:product',
    list.map(([name, series, price, active]) => ({ name, series, price, active: active ?? true })),
  )
}

const list: readonly (readonly [string, string, number, boolean?])[] = [
  ['Beacon One', 'Beacon', 390],
  ['Beacon Pro', 'Beacon', 740],
  ['Beacon Outdoor', 'Beacon', 960],
  ['Ledger Scan S', 'Ledger', 520],
  ['Ledger Scan X', 'Ledger', 1180],
  ['Dockline Gate', 'Dockline', 4200],
  ['Dockline Gate Duo', 'Dockline', 6900],
  ['Harbor Console', 'Harbor', 2400],
  ['Harbor Console, cold room', 'Harbor', 3100],
  ['Service plan, yearly', 'Service', 1450],
  ['Installation day', 'Service', 1100],
  ['Ledger Scan Classic', 'Ledger', 410, false],
]
