import { Counter, Gauge, Registry } from 'prom-client';
import type { AccessLog } from '../../engine/access-log.ts';
import { denialReasons } from './contract.ts';
import type { Gate } from './gate.ts';
import type { Denials } from './hooks.ts';

export interface AccessState {
  readonly gate: Gate;
  readonly denials: Denials;
  readonly log: Pick<AccessLog, 'unsealed'>;
  /** When the certificate in use expires, Unix seconds; undefined without TLS. */
  readonly certificateExpiry: (() => number) | undefined;
}

/** Metrics of who is let in, made anew at each scrape. */
export function accessMetrics({ gate, denials, log, certificateExpiry }: AccessState): Registry {
  const registry = new Registry();
  const common = { registers: [registry] };
  void new Counter({
    ...common,
    name: 'annexa_access_denied_total',
    help: 'Requests that were denied since the start, by reason.',
    labelNames: ['reason'],
    collect() {
      this.reset();
      for (const reason of denialReasons) this.inc({ reason }, denials[reason]);
    },
  });
  void new Gauge({
    ...common,
    name: 'annexa_access_token_expiry_timestamp_seconds',
    help: 'When each static token expires, in Unix seconds.',
    labelNames: ['token'],
    collect() {
      this.reset();
      for (const { name, expires } of gate.spec()?.tokens ?? []) this.set({ token: name }, expires);
    },
  });
  void new Gauge({
    ...common,
    name: 'annexa_access_unsealed_records',
    help: 'Accesses that are recorded and not sealed yet.',
    collect() {
      this.set(log.unsealed());
    },
  });
  if (certificateExpiry !== undefined) {
    void new Gauge({
      ...common,
      name: 'annexa_tls_certificate_expiry_timestamp_seconds',
      help: 'When the certificate that the server shows expires, in Unix seconds.',
      collect() {
        this.set(certificateExpiry());
      },
    });
  }
  return registry;
}
