import { join, resolve } from 'node:path';
import type { Browser } from './browser.ts';

/** What is shown of a bundle's report: from an anchor on, whole rows that fit into so many pixels. */
const shots = [
  ['report-title', 'main', 830],
  ['report-summary', 'summary', 850],
  ['report-control', 'control-A.5.18', 700],
  ['report-check', 'check-identity-second-factor', 640],
  ['report-acceptances', 'acceptances', 850],
  ['report-coverage', 'coverage', 730],
  ['report-failed-runs', 'failed-runs', 420],
  ['report-changes', 'changes', 620],
  ['report-limits', 'limits', 520],
] as const;

const WIDTH = 1000;

export const reportPictures: readonly string[] = shots.map(([name]) => `${name}.png`);

/** Pictures of a report's chapters, as a browser shows the page. */
export async function shootReport(browser: Browser, report: string, directory: string): Promise<void> {
  await browser.open(resolve(report), WIDTH);
  for (const [name, id, height] of shots)
    await browser.shoot(rectangleFrom(id, height), join(directory, `${name}.png`));
}

/** A script that says where the anchor's chapter begins, and where the last row ends that fits. */
function rectangleFrom(id: string, height: number): string {
  return `() => {
    const start = document.getElementById(${JSON.stringify(id)}) ?? document.querySelector(${JSON.stringify(id.replaceAll('.', '\\.'))});
    const top = start.getBoundingClientRect().top + scrollY - 8;
    const end = (start.closest('section') ?? document.body).getBoundingClientRect().bottom + scrollY;
    const bottoms = [...document.querySelectorAll('tr, p, pre, li, h2, h3, caption')]
      .map((element) => element.getBoundingClientRect().bottom + scrollY)
      .filter((bottom) => bottom > top && bottom <= Math.min(end, top + ${height}));
    return { x: 0, y: top, width: ${WIDTH}, height: Math.max(...bottoms) - top + 1 };
  }`;
}
