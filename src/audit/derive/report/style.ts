/** The report's only style; nothing is fetched. */
export const STYLE = `
:root { color-scheme: light; --ink: #1b1b1b; --soft: #55534e; --rule: #c9c4b8; --tint: #f5f3ee; --bad: #8c1d18; --wait: #7a4b00; --good: #1f5c33; --none: #4a4a4a; }
* { box-sizing: border-box; }
html { font: 16px/1.5 Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", Cambria, Georgia, serif; color: var(--ink); background: #fff; }
body { max-width: 64rem; margin: 0 auto; padding: 2rem 1.5rem 6rem; overflow-wrap: anywhere; }
h1, h2, h3, h4 { line-height: 1.2; font-weight: 600; text-wrap: balance; break-after: avoid; }
h1 { font-size: 2.3rem; margin: 3rem 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.6rem; margin: 4rem 0 1rem; padding-top: .6rem; border-top: 3px solid var(--ink); }
h3 { font-size: 1.2rem; margin: 2.5rem 0 .4rem; }
h4 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { margin: .4rem 0 .8rem; max-width: 46rem; }
ul, ol { max-width: 46rem; padding-left: 1.3rem; }
a { color: inherit; text-decoration-color: var(--rule); text-underline-offset: .15em; }
a:hover, a:focus-visible { text-decoration-color: currentColor; }
code, pre { font: .84em/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { background: var(--tint); padding: .7rem .9rem; margin: .4rem 0 .9rem; white-space: pre-wrap; }
table { width: 100%; border-collapse: collapse; margin: .9rem 0 1.2rem; font: .8rem/1.4 system-ui, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0 0 .35rem; break-after: avoid; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--rule); }
thead th { border-bottom: 1.5px solid var(--ink); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
th:first-child { min-width: 7rem; }
table.records th:first-child { width: 24%; }
table.records td:nth-child(2) { min-width: 11rem; }
.whole { white-space: nowrap; }
table.aspects th:first-child { min-width: 10rem; }
table.facts tbody th { width: 15rem; color: var(--soft); }
table.facts thead { position: absolute; clip-path: inset(50%); }
.subtitle { font-size: 1.15rem; color: var(--soft); margin: 0 0 2rem; }
.quiet, .cut { color: var(--soft); font-size: .9rem; }
.status { font-weight: 600; white-space: nowrap; }
.status::before { content: ""; display: inline-block; width: .55em; height: .55em; margin-right: .4em; border-radius: 50%; background: currentColor; }
.effective, .pass { color: var(--good); }
.correcting, .accepted { color: var(--wait); }
.ineffective, .fail, .weaker { color: var(--bad); }
.unknown, .not_applicable { color: var(--none); }
.unknown::before, .not_applicable::before { background: none; border: .12em solid currentColor; }
.hidden-character { font: .8em ui-monospace, "DejaVu Sans Mono", monospace; border: 1px solid var(--bad); color: var(--bad); padding: 0 .2em; }
.sample-mark { border: 2px solid var(--bad); color: var(--bad); padding: .6rem .9rem; font-weight: 600; max-width: 46rem; }
nav ol { columns: 2; column-gap: 2.5rem; }
.sample::after { content: "SAMPLE"; position: fixed; inset: 0; display: grid; place-content: center; white-space: nowrap; font: 700 20vmin system-ui, sans-serif; letter-spacing: .1em; color: rgb(140 29 24 / .07); transform: rotate(-30deg); pointer-events: none; }
@media (max-width: 40rem) { table { display: block; overflow-x: auto; } nav ol { columns: 1; } }
@page { size: A4; margin: 20mm 16mm 20mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt system-ui, sans-serif; color: #555; } }
@media print {
  html { font-size: 10.5pt; }
  body { max-width: none; padding: 0; }
  h1 { margin-top: 55mm; }
  h2 { break-before: page; margin-top: 0; }
  h2.flows { break-before: auto; margin-top: 3rem; }
  nav h2 { break-before: auto; border: 0; font-size: 1.1rem; margin-top: 2rem; }
  thead { display: table-header-group; }
  tr, pre, .sample-mark, table.short { break-inside: avoid; }
  tbody tr:first-child { break-before: avoid; }
  p { orphans: 3; widows: 3; }
  table { font-size: 8pt; }
  a { text-decoration: none; }
}
`;
