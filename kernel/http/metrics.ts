import { createServer, type Server } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Series {
  count: number
  sum: number
  readonly counts: number[]
}

export interface Metrics {
  /** The text of `/metrics`, in Prometheus' format. */
  text(): string
  /** Listens on a port of its own, which is not for the world. */
  listen(port: number, host: string): Promise<Server>
}

/** Counts requests by route, method and status. Labels come from routes, never from requests. */
export function createMetrics(app: FastifyInstance): Metrics {
  const requests = new Map<string, Series>()
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const labels = `method="${request.method}",route="${route}",status="${reply.statusCode}"`
    const series = requests.get(labels) ?? { count: 0, sum: 0, counts: buckets.map(() => 0) }
    requests.set(labels, series)
    const seconds = reply.elapsedTime / 1000
    series.count++
    series.sum += seconds
    const at = buckets.findIndex((most) => seconds <= most)
    if (at >= 0) series.counts[at]!++
    done()
  })
  let listening: Server | null = null
  app.addHook('onClose', (_app, done) => {
    delay.disable()
    if (listening) listening.close(() => done())
    else done()
  })

  function text(): string {
    const lines = [
      '# TYPE runway_http_request_seconds histogram',
      ...[...requests].flatMap(([labels, series]) => histogram(labels, series)),
      '# TYPE runway_event_loop_delay_seconds gauge',
      `runway_event_loop_delay_seconds{quantile="0.5"} ${delay.percentile(50) / 1e9}`,
      `runway_event_loop_delay_seconds{quantile="0.99"} ${delay.percentile(99) / 1e9}`,
      '# TYPE runway_resident_memory_bytes gauge',
      `runway_resident_memory_bytes ${process.memoryUsage.rss()}`,
      '# TYPE runway_uptime_seconds counter',
      `runway_uptime_seconds ${process.uptime()}`,
    ]
    return `${lines.join('\n')}\n`
  }

  return {
    text,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        const server = createServer((request, response) => {
          const isMetrics = request.method === 'GET' && request.url === '/metrics'
          response.writeHead(isMetrics ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' })
          response.end(isMetrics ? text() : '')
        })
        server.once('error', reject)
        server.listen(port, host, () => {
          listening = server
          resolve(server)
        })
      }),
  }
}

function histogram(labels: string, { count, sum, counts }: Series): string[] {
  let below = 0
  const name = 'runway_http_request_seconds'
  return [
    ...buckets.map((most, index) => {
      below += counts[index]!
      return `${name}_bucket{${labels},le="${most}"} ${below}`
    }),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${count}`,
  ]
}
