/**
 * The yardstick: Fastify and pg doing the same four operations on the same columns with the same
 * payload, and nothing else. No tenants, no permissions, no validation, no history.
 */
import Fastify from 'fastify'
import pg from 'pg'

pg.types.setTypeParser(20, Number)
const pool = new pg.Pool({ connectionString: process.argv[2], max: 10 })
const columns = JSON.parse(process.argv[3]!) as { name: string; column: string }[]
const select = columns.map(({ name, column }) => `${column} as "${name}"`).join(', ')
const byColumn = new Map(columns.map(({ name, column }) => [name, column]))

const app = Fastify()

app.get<{ Params: { id: string } }>('/leads/:id', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'get',
    text: `select ${select} from bare.lead where id = $1`,
    values: [request.params.id],
  })
  return rows[0] ?? reply.code(404).send()
})

app.get('/leads', async () => {
  const { rows } = await pool.query({
    name: 'list',
    text: `select ${select} from bare.lead where status = $1 order by created_at desc, id desc limit 25`,
    values: ['new'],
  })
  return { data: rows, page: { nextCursor: rows.at(-1)?.id ?? null } }
})

app.post<{ Body: Record<string, unknown> }>('/leads', async (request, reply) => {
  const names = Object.keys(request.body)
  const text = `insert into bare.lead (id, ${names.map((name) => byColumn.get(name)).join(', ')}) values (uuidv7(), ${names.map((_, i) => `$${i + 1}`).join(', ')}) returning ${select}`
  const { rows } = await pool.query({
    name: 'create',
    text,
    values: names.map((name) => request.body[name]),
  })
  return reply.code(201).send(rows[0])
})

app.patch<{ Params: { id: string }; Body: Record<string, unknown> }>(
  '/leads/:id',
  async (request) => {
    const names = Object.keys(request.body)
    const text = `update bare.lead set ${names.map((name, i) => `${byColumn.get(name)} = $${i + 2}`).join(', ')}, version = version + 1, updated_at = now() where id = $1 returning ${select}`
    const { rows } = await pool.query({
      name: 'update',
      text,
      values: [request.params.id, ...names.map((name) => request.body[name])],
    })
    return rows[0]
  },
)

await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ port: (app.server.address() as { port: number }).port })
