import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { count, type Figure, interleaved, type Line } from './figure.ts';
import { measure } from './measure.ts';
import { type Stage, script } from './stage.ts';

const connections = 128;
const factsEach = 3;

interface Scale {
  /** A load of so many takes somewhat longer than the other tools are given, since its start is timed too. */
  readonly records: number;
  readonly seconds: number;
}
const scales: Readonly<Record<'short' | 'full', Scale>> = {
  short: { records: 200_000, seconds: 5 },
  full: { records: 600_000, seconds: 15 },
};

export const recordsFigure: Figure = {
  name: 'records',
  title: 'One record, or one person, a request',
  about: `\`datatalks\` signs each of ${count(scales.short.records)} requests (with \`--full\` ${count(scales.full.records)}); \`relay42\` groups ${factsEach} rows of a person into one. ${connections} connections, the whole process timed with its start. wrk (C), autocannon (Node) and the HTTP client that the loader is built on, undici, by itself send one and the same body of the same size to the same nginx for ${scales.short.seconds} s (${scales.full.seconds} s; undici: as often as the load) and do nothing else. All of them in turn, the best of each.`,
  async run(stage) {
    const { nginx, rounds, full } = stage;
    const { records, seconds } = full ? scales.full : scales.short;
    const folder = join(stage.work, 'records');
    const files = prepareRecords(stage, folder, records);
    const once = async (target: 'datatalks' | 'relay42') => {
      const { rows, path } = files[target];
      const loaded = await stage.load('push', path, rows, {
        target,
        flags: ['--config', join(folder, 'cdp-load.yaml')],
      });
      // A person whose rows lie in two blocks may take two.
      if (loaded.requests < records || loaded.requests > records * 1.001)
        throw new Error(`${target}: ${loaded.requests} requests for ${records} records`);
      return { perSecond: loaded.requests / loaded.seconds, bytes: Math.round(loaded.bytes / loaded.requests) };
    };
    const lines: Line[] = [];
    for (const target of ['datatalks', 'relay42'] as const) {
      const { bytes } = await once(target);
      const quietly = async (tool: () => number | undefined | Promise<number>) => {
        const perSecond = await tool();
        await nginx.settled();
        nginx.taken();
        return perSecond;
      };
      const { ours, ...tools } = await interleaved(rounds, {
        ours: async () => (await once(target)).perSecond,
        wrk: () => quietly(() => flood(folder, nginx.url, bytes, seconds)),
        autocannon: () => quietly(() => floodFromNode(nginx.url, bytes, seconds)),
        undici: () => quietly(() => bareRequests(nginx.url, bytes, records)),
      });
      const best = bestOf(ours);
      const shares = (['wrk', 'autocannon'] as const).flatMap((tool) => {
        const theirs = bestOf(tools[tool]);
        return theirs === undefined ? [] : [share(tool, best ?? Number.NaN, theirs)];
      });
      lines.push(
        {
          what: `\`${target}\`, ${bytes} bytes a request`,
          value: `${count(best ?? Number.NaN)} requests/s`,
          goal: '≥ 8,000/s',
          reached: (best ?? 0) >= 8000,
        },
        ...shares,
        { what: '… undici alone', value: `${count(bestOf(tools.undici) ?? Number.NaN)} requests/s` },
      );
    }
    return lines;
  },
};

/** Undefined where it could not be measured. */
function bestOf(rates: readonly (number | undefined)[]): number | undefined {
  const measured = rates.filter((rate) => rate !== undefined);
  return measured.length === 0 ? undefined : Math.max(...measured);
}

const share = (tool: string, ours: number, theirs: number): Line => ({
  what: `… to ${tool} (${count(theirs)} requests/s)`,
  value: `${((ours / theirs) * 100).toFixed(0)} %`,
  goal: '≥ 50 % of one of the two',
  reached: ours / theirs >= 0.5,
});

function flood(folder: string, url: string, bytes: number, seconds: number): number {
  const script = join(folder, 'post.lua');
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.body = string.rep("x", ${bytes})\nwrk.headers["Content-Type"] = "application/json"\n`,
  );
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script, url];
  const { stdout } = spawnSync('/usr/bin/wrk', args, { encoding: 'utf8' });
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1]);
}

/** Fetched by npm for the occasion; undefined where it cannot be. */
function floodFromNode(url: string, bytes: number, seconds: number): number | undefined {
  const options = ['-c', connections, '-d', seconds, '-m', 'POST', '-b', 'x'.repeat(bytes), '-j', url].map(String);
  const npm = join(process.execPath, '..', 'npm');
  const { stdout, status } = spawnSync(
    existsSync(npm) ? npm : 'npm',
    ['exec', '--yes', '--package=autocannon@8', '--', 'autocannon', ...options],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  if (status !== 0) return undefined;
  const { requests, errors, non2xx } = JSON.parse(stdout) as {
    requests: { average: number };
    errors: number;
    non2xx: number;
  };
  if (errors + non2xx > 0) throw new Error(`autocannon: ${errors} errors, ${non2xx} refusals`);
  return requests.average;
}

async function bareRequests(url: string, bytes: number, records: number): Promise<number> {
  const args = [script('bare-requests.ts'), url, bytes, records, connections].map(String);
  const { stdout } = await measure(process.execPath, args);
  return Number(stdout);
}

function prepareRecords({ nginx }: Stage, folder: string, records: number) {
  mkdirSync(folder, { recursive: true });
  const people = ['customer_id,first_name,last_name,email,city,points'];
  const facts = ['customer_id,fact,points'];
  for (let n = 1; n <= records; n++) {
    people.push(`${n},First${n % 997},Last${n % 1009},person${n}@example.com,City${n % 503},${n % 5000}`);
    for (let fact = 0; fact < factsEach; fact++) facts.push(`${n},fact${fact},${(n + fact) % 5000}`);
  }
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const common = { baseUrl: nginx.url, concurrency: connections, rate: 10_000_000 };
  const targets = {
    datatalks: {
      ...common,
      type: 'datatalks',
      accessKeyId: 'AKIDBENCHMARK',
      secretAccessKey: 'wJalrXUtnFEMI/bench/bPxRfiCYEXAMPLEKEY',
      mapping: 'profiles.map.yaml',
    },
    relay42: {
      ...common,
      type: 'relay42',
      siteNumber: 1234,
      apiId: 'bench',
      accessToken: 'bench-token',
      mapping: 'facts.map.yaml',
    },
  };
  write('cdp-load.yaml', JSON.stringify({ targets }));
  const declared = {
    customer_id: 'integer',
    first_name: 'string',
    last_name: 'string',
    email: 'email',
    city: 'string',
  };
  write(
    'profiles.map.yaml',
    JSON.stringify({
      version: 1,
      target: 'datatalks',
      operation: 'profiles',
      key: 'customer_id',
      settings: { type: 'person', hardId: ['customer_id'], fields: { ...declared, points: 'integer' } },
      fields: {
        customer_id: { from: 'customer_id', type: 'integer', required: true },
        first_name: 'first_name',
        last_name: 'last_name',
        email: { from: 'email', trim: true, lower: true },
        city: 'city',
        points: { from: 'points', type: 'integer' },
      },
    }),
  );
  write(
    'facts.map.yaml',
    JSON.stringify({
      version: 1,
      target: 'relay42',
      operation: 'facts.add',
      key: 'customer_id',
      settings: { partnerType: 2001, factTtl: 31_536_000 },
      fields: {
        partnerId: { from: 'customer_id', required: true },
        factName: 'fact',
        'properties.points': { from: 'points', type: 'integer' },
      },
    }),
  );
  return {
    datatalks: { path: write('people.csv', `${people.join('\n')}\n`), rows: records },
    relay42: { path: write('facts.csv', `${facts.join('\n')}\n`), rows: records * factsEach },
  };
}
