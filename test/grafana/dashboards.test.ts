import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { readDashboard } from './dashboard.ts';

const folder = 'deploy/grafana';
const files = Object.entries(dashboards());

test('the files are those that the source makes: npm run dashboards writes them', () => {
  const committed = readdirSync(folder).filter((file) => file.endsWith('.json'));
  expect(committed.sort()).toEqual(files.map(([file]) => file).sort());
  for (const [file, text] of files) expect(readFileSync(`${folder}/${file}`, 'utf8'), file).toBe(text);
});

test('each has an identity of its own', () => {
  const uids = files.map(([, text]) => readDashboard(text).dashboard.uid);
  expect(uids).toEqual(['annexa-posture', 'annexa-coverage', 'annexa-agent']);
});

describe.each(files)('%s', (_file, text) => {
  const { dashboard, queries, variables } = readDashboard(text);
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  test('panels have ids, titles and descriptions, and queries their letters', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    for (const { id, title, description, targets = [] } of panels) {
      expect(id, title).toBeLessThan(100);
      expect(description ?? '', title).toMatch(/^.{15,}\.$/);
      expect(
        targets.map(({ refId }) => refId),
        title,
      ).toEqual('ABCDEFGHIJ'.slice(0, targets.length).split(''));
      expect(targets.length, title).toBeGreaterThan(0);
    }
  });

  test('every query asks the data source that the reader chose, and the agents of that choice alone', () => {
    for (const { targets = [] } of panels)
      for (const { datasource } of targets)
        expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
    for (const { expression, title } of queries) {
      const selectors = [...expression.matchAll(/\b(?:annexa|process|nodejs)_\w+(\{[^}]*\})?/g)];
      expect(selectors.length + Number(expression.includes('ALERTS')), title).toBeGreaterThan(0);
      const wide = selectors.filter(
        ([whole, labels = '']) =>
          whole !== 'annexa_build_info' && !labels.includes('job=~"$job", instance=~"$instance"'),
      );
      expect(wide, title).toEqual([]);
    }
  });

  test('uses the variables that it has, and has those that it uses', () => {
    const asked = [
      ...queries.map(({ expression }) => expression),
      ...variables.map(({ selector }) => selector),
    ];
    const used = new Set(
      asked
        .flatMap((one) => [...one.matchAll(/\$(\w+)/g)].map(([, name]) => name))
        .filter((name) => name?.startsWith('__') === false),
    );
    expect(used).toEqual(new Set(variables.map(({ name }) => name)));
    for (const name of ['datasource', 'api', 'runbooks']) expect(text).toContain(`"name": "${name}"`);
  });

  test('panels lie side by side, none over another', () => {
    const cells = new Set<string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x} ${y}`), `${title} at ${x} ${y}`).toBe(false);
          cells.add(`${x} ${y}`);
        }
    }
  });
});
