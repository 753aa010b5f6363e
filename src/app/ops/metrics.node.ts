import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { METRICS, type MetricName, type OpsSource } from './opsSource.ts';

/** Prometheus text of the node's and the process's metrics. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/** Builds the registry once; every render asks the source. */
export function createMetrics(source: OpsSource): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'cairn_' });
  const known = new Map<MetricName, Gauge | Counter>();
  const metricOf = (name: MetricName): Gauge | Counter => {
    let metric = known.get(name);
    if (metric === undefined) {
      const { help, type } = METRICS[name];
      const settings = { name, help, registers: [registry] };
      metric = type === 'counter' ? new Counter(settings) : new Gauge(settings);
      known.set(name, metric);
    }
    return metric;
  };
  return {
    contentType: registry.contentType,
    async render() {
      for (const [name, value] of Object.entries(await source.metrics()) as [MetricName, number][]) {
        const metric = metricOf(name);
        if (metric instanceof Gauge) metric.set(value);
        else {
          // The source counts; prom-client only adds.
          metric.reset();
          metric.inc(value);
        }
      }
      return registry.metrics();
    },
  };
}
