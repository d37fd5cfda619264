import type { Findings } from '../findings.ts';
import { safe } from './html.ts';
import { STYLE } from './style.ts';
import { titlePage } from './title-page.ts';
import { summary } from './summary.ts';
import { controlSections } from './controls.ts';
import { checkSections } from './checks.ts';
import { acceptances, changes, failures, limits, sources } from './annexes.ts';

const SECTIONS = [
  { id: 'summary', title: 'Summary', write: summary },
  { id: 'controls', title: 'Controls', write: controlSections },
  {
    id: 'checks',
    title: 'Checks: what was tested, over which population, with which result',
    write: checkSections,
  },
  { id: 'acceptances', title: 'Exceptions and attestations', write: acceptances },
  { id: 'coverage', title: 'Coverage of the evidence', write: sources },
  { id: 'failed-runs', title: 'Failed runs', write: failures },
  { id: 'changes', title: 'Changes of the configuration', write: changes },
  { id: 'limits', title: 'What was not tested, and what this report can’t show', write: limits },
] as const;

/** Chapters that don't begin a page of their own. */
const FLOWING: ReadonlySet<string> = new Set(['coverage', 'failed-runs', 'changes']);

/** The report as one page that needs nothing else: no script, no resource, readable on a screen and in print. */
export function* report(findings: Findings): Generator<string> {
  const { replay, evidence } = findings;
  const organisation = replay.config?.organisation || evidence.origin;
  yield safe`<!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="referrer" content="no-referrer">
    <title>${evidence.sample ? 'SAMPLE: ' : ''}Tested controls of ${organisation}</title>
    <style>${{ html: STYLE }}</style>
    </head>
    <body class="${evidence.sample ? 'sample' : ''}">
    <main>
`.html;
  yield* titlePage(findings);
  const links = SECTIONS.map(({ id, title }) => safe`<li><a href="#${id}">${title}</a></li>`);
  yield safe`<nav aria-labelledby="contents">
    <h2 id="contents">Contents</h2>
    <ol>
      ${links}
    </ol>
  </nav>
`.html;
  for (const [at, { id, title, write }] of SECTIONS.entries()) {
    yield safe`<section aria-labelledby="${id}"><h2 id="${id}" class="${FLOWING.has(id) ? 'flows' : ''}">${at + 1}. ${title}</h2>
`.html;
    yield* write(findings);
    yield '</section>\n';
  }
  yield '</main>\n</body>\n</html>\n';
}
