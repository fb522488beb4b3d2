#!/usr/bin/env node
// Old syntax on purpose: this file must parse under any Node, so that an old one is told what it lacks.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`cdp-load needs Node 22.19 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(2);
}
const { setFlagsFromString } = await import('node:v8');
// The trade of memory for processor time that docs/benchmarks.md measures: the nursery of this thread may not grow, those of
// the workers have the size at which few rows outlive a collection, and each thread collects alone.
for (const flag of ['--semi-space-growth-factor=1', '--min-semi-space-size=4', '--no-parallel-scavenge']) {
  setFlagsFromString(flag);
}
const { enableCompileCache } = await import('node:module');
enableCompileCache();
const { main } = await import('../dist/cli.js');
await main(process.argv);
