import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type DashboardBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { agent } from './agent.ts';
import { coverage } from './coverage.ts';
import { posture } from './posture.ts';

function text(dashboard: DashboardBuilder): string {
  const others = new DashboardLinkBuilder('Annexa')
    .type(DashboardLinkType.Dashboards)
    .tags(['annexa'])
    .includeVars(true)
    .keepTime(true);
  return `${JSON.stringify(dashboard.editable().link(others).build(), null, 2)}\n`;
}

/** The text of each file. */
export function dashboards(): Readonly<Record<string, string>> {
  return {
    'annexa-posture.json': text(posture()),
    'annexa-coverage.json': text(coverage()),
    'annexa-agent.json': text(agent()),
  };
}
