/** The report's look, light and dark. */
export const style = `
:root { color-scheme: light dark; --ink: #1d2733; --quiet: #66717f; --paper: #fff; --line: #dfe4ea; --head: #f4f6f8; --bad: #b3261e; --bad-back: #fde7e5; --also: #fff5d6; --good: #1b7a43; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ed; --quiet: #98a3b0; --paper: #14181d; --line: #333b45; --head: #1d232a; --bad: #ff9d94; --bad-back: #4a1c19; --also: #41370f; --good: #6fd39a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 2rem 1.25rem 4rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .3rem; overflow-wrap: anywhere; }
p { margin: .3rem 0 .7rem; max-width: 52rem; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-weight: normal; }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.4rem 0; }
.tile { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem; min-width: 8.5rem; }
.tile b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); }
.good b { color: var(--good); }
.bad b { color: var(--bad); }
.facts { padding-left: 1.1rem; margin: 0; max-width: 60rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); max-width: 22rem; overflow-wrap: anywhere; }
th { background: var(--head); white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
td.number, th.number { width: 1%; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.short { white-space: nowrap; }
td.why { min-width: 14rem; }
td.at { min-width: 6rem; background: var(--bad-back); color: var(--bad); font-weight: 600; outline: 1px solid var(--bad); outline-offset: -1px; }
td.also { background: var(--also); }
td i { font-weight: normal; opacity: .7; }
td s { text-decoration: none; opacity: .6; }
a { color: inherit; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; }
@media print { .wide { overflow: visible; } body { max-width: none; padding: 0; } }
`;
