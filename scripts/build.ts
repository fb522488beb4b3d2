/**
 * Builds `dist`: the program in few files, since finding and linking hundreds of modules is most of a start, and its declarations.
 * The files lie side by side: what is loaded by a name made up at run time (platforms, threads) must be found from any of them.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { typeNames } from '../src/targets/by-name.ts';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist');
const entries = [
  'cli',
  'index',
  'threads/thread',
  'engine/mapper-worker',
  'delivery/transport-thread',
  'commands/test-worker',
  ...typeNames.map((type) => `targets/${type}`),
];

/** undici loads its HTTP/2 with its client, and that takes a while. We do not ask for it. */
const http2OnDemand: Plugin = {
  name: 'http2-on-demand',
  setup({ onResolve, onLoad, onEnd }) {
    let found = 0;
    onResolve({ filter: /^\.\/client-h2\.js$/ }, ({ path, importer, resolveDir, namespace }) => {
      if (namespace !== 'file' || !importer.endsWith(join('undici', 'lib', 'dispatcher', 'client.js'))) return;
      found++;
      return { path: join(resolveDir, path), namespace: 'on-demand' };
    });
    onLoad({ filter: /.*/, namespace: 'on-demand' }, ({ path }) => ({
      contents: `module.exports = (...given) => require(${JSON.stringify(path)})(...given);`,
      resolveDir: dirname(path),
    }));
    onEnd(() =>
      found === 0 ? { errors: [{ text: "undici's client does not load its HTTP/2 from where it did" }] } : {},
    );
  },
};

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: entries.map((name) => join(root, 'src', `${name}.ts`)),
  outdir,
  entryNames: '[name]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  sourcemap: true,
  legalComments: 'linked',
  logLevel: 'warning',
  plugins: [http2OnDemand],
  // CommonJS packages ask for Node's modules by `require`, which ES modules do not have.
  banner: {
    js: `import { createRequire as requireFor } from 'node:module';\nconst require = requireFor(import.meta.url);`,
  },
});

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
process.exitCode = status ?? 1;
