import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { startBrowser } from './browser.ts';
import { main } from './command.ts';
import { dashboardPage } from './draw/page.ts';
import { recall } from './history.ts';
import { live } from './month.ts';
import { reportPictures, shootReport } from './report.ts';
import { dateText, DAY, HOUR, type Month, monthUntil } from './story.ts';
import { drawingsOf, titlesOf } from './titles.ts';

// `npm run pictures`: docs/pictures, from a simulated month of the sample organisation. Needs Debian's chromium, pngquant and fonts-inter, and
// the Prometheus of test/peers/install.sh. `npm run pictures -- DIR` keeps the month in DIR, and takes it from there when it is there.
// What docs/auditor.md prints is of DIR/bundle.zip: print it again with the pictures.

const OUT = resolve('docs/pictures');
const run = promisify(execFile);
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

const lived = z.object({ config: z.string(), data: z.string(), history: z.string(), end: z.int() });

async function month(): Promise<z.infer<typeof lived>> {
  const file = join(directory, 'month.json');
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before !== undefined) return lived.parse(JSON.parse(before));
  const end = Math.floor(Date.now() / 1000 / HOUR) * HOUR;
  const now = { ...(await live(directory, monthUntil(end), tell)), end };
  await writeFile(file, JSON.stringify(now));
  return now;
}

/** The report of the month's whole days. */
async function bundle(config: string, data: string, { start, end }: Month): Promise<string> {
  const file = join(directory, 'bundle.zip');
  const period = ['--from', dateText(start + 2 * DAY), '--to', dateText(end - DAY)];
  const env = { ANNEXA_DATA: data };
  tell((await main(['bundle', '--config', config, ...period, '--force', '-o', file], env)).out);
  const { stdout } = await run('unzip', ['-p', file, 'report.html'], { maxBuffer: 1 << 28 });
  const report = join(directory, 'report.html');
  await writeFile(report, stdout);
  return report;
}

async function draw(history: string, report: string): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT);
  await rm(join(directory, 'samples'), { recursive: true, force: true });
  await using prometheus = await recall(directory, history);
  await using browser = await startBrowser();
  const asked = { url: prometheus.url, end: Math.ceil(Date.now() / 1000) };
  const drawings = Object.values(dashboards()).flatMap((text) => drawingsOf(text));
  for (const { file, title, row } of drawings) {
    const page = join(directory, 'page.html');
    await writeFile(page, await dashboardPage(title, [row], asked));
    await browser.open(page, 1000);
    await browser.shoot(
      "() => document.querySelector('#grid').getBoundingClientRect().toJSON()",
      join(OUT, file),
    );
  }
  await shootReport(browser, report, OUT);
  const files = [...drawings.map(({ file }) => file), ...reportPictures];
  await run('pngquant', ['--force', '--ext', '.png', '--speed', '1', '--strip', '64', ...files], {
    cwd: OUT,
  });
  await writeFile(join(OUT, 'panels.json'), `${JSON.stringify(titlesOf(drawings), null, 2)}\n`);
}

const kept = process.argv[2];
const directory = kept === undefined ? await mkdtemp(join(tmpdir(), 'annexa-pictures-')) : resolve(kept);
await mkdir(directory, { recursive: true });
try {
  const { config, data, history, end } = await month();
  const report = await bundle(config, data, monthUntil(end));
  await draw(history, report);
} finally {
  if (kept === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 3 });
}
