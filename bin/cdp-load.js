#!/usr/bin/env node
// Old syntax on purpose: this file must parse under any Node, so that an old one is told what it lacks.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`cdp-load needs Node 22.19 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(2);
}
const { enableCompileCache } = await import('node:module');
enableCompileCache();
const { main } = await import('../dist/cli.js');
await main(process.argv);
