import type { Actor } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { ownLayer } from './layer.ts'

/**
 * Who published a contribution as it is now: the author of the latest revision in which it, or what the organisation
 * overrides of it, became another one. Null for what came with a plugin as it is.
 */
export async function authorOf(
  db: Pick<Database, 'query'>,
  orgId: string,
  point: string,
  ref: string,
): Promise<Actor | null> {
  const [layer, key = ''] = ref.split(':')
  const { rows } = await db.query<{ author: Actor }>(orgId, {
    text: `select r.author from (
        select n, author, part, lag(part) over (order by n) as before from (
          select n, author, case when $2::boolean then document #> array['contributes', $3, $4]
            else nullif(jsonb_path_query_array(document, '$.overrides[*] ? (@.point == $point && @.target == $ref)',
              jsonb_build_object('point', $3::text, 'ref', $5::text)), '[]') end as part
          from tenant.layer_revision where org_id = $1
        ) p
      ) r where r.part is distinct from r.before order by r.n desc limit 1`,
    values: [orgId, layer === ownLayer, point, key, ref],
  })
  return rows[0]?.author ?? null
}
