/** What the figures share: nginx as the sink, files, and runs of the real binary whose outcome is checked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchMapping, type Form, filteredMapping, groupedMapping, makeFile } from './files.ts';
import { type Measured, measure } from './measure.ts';
import { type Nginx, startNginx } from './nginx.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const binary = join(root, 'bin', 'cdp-load.js');
export const script = (name: string): string => join(root, 'scripts', 'bench', name);

export interface Loaded extends Measured {
  readonly requests: number;
  readonly bytes: number;
}

export interface Stage {
  /** A folder of its own, gone in the end. Configs, mappings and journals go there. */
  readonly work: string;
  readonly nginx: Nginx;
  readonly rows: number;
  readonly full: boolean;
  readonly rounds: number;
  file(form: Form, rows: number): Promise<string>;
  /** Runs `push` or `validate` with a journal of its own; throws unless all rows were accepted that should be, and the sink got what was sent. */
  load(command: 'push' | 'validate', file: string, rows: number, options?: LoadOptions): Promise<Loaded>;
  /** A folder for a journal that nobody has used. */
  freshState(): string;
  close(): Promise<void>;
}

export interface LoadOptions {
  readonly target?: string;
  /** Rows that the platform is to get, where that is not all of them. */
  readonly accepts?: number;
  readonly flags?: readonly string[];
}

export async function openStage(options: Pick<Stage, 'rows' | 'full' | 'rounds'>): Promise<Stage> {
  const work = mkdtempSync(join(tmpdir(), 'cdp-load-bench-'));
  const data = join(tmpdir(), 'cdp-load-bench-data');
  mkdirSync(data, { recursive: true });
  const nginx = await startNginx(join(work, 'nginx'));
  writeConfig(work, nginx.url);
  let states = 0;

  const freshState = () => {
    states += 1;
    return join(work, `state-${states}`);
  };

  return {
    work,
    nginx,
    ...options,
    freshState,
    file: (form, rows) => makeFile(data, form, rows),
    async load(command, file, rows, { target = 'stream', accepts = rows, flags = [] } = {}) {
      await nginx.settled();
      nginx.taken();
      const state = freshState();
      const args = [binary, command, file, '--target', target, '--json', '--state-dir', state, ...flags];
      const measured = await measure(process.execPath, args, { cwd: work });
      rmSync(state, { recursive: true, force: true });
      const said = JSON.parse(measured.stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number>;
      const { read, accepted, requests = 0, bytes = 0 } = said;
      if (read !== rows || accepted !== accepts)
        throw new Error(`${command} ${file}: ${read} of ${rows} rows read, ${accepted} of ${accepts} accepted`);
      await nginx.settled();
      const taken = nginx.taken();
      const sent = command === 'push' ? { requests, bytes } : { requests: 0, bytes: 0 };
      if (taken.requests !== sent.requests || taken.bytes !== sent.bytes) {
        throw new Error(`${command} ${file}: ${JSON.stringify(sent)} sent, ${JSON.stringify(taken)} arrived`);
      }
      return { ...measured, requests, bytes };
    },
    async close() {
      await nginx.stop();
      rmSync(work, { recursive: true, force: true });
    },
  };
}

/** A target that loads the benchmark's people, at this address. */
export function writeConfig(folder: string, url: string): void {
  mkdirSync(folder, { recursive: true });
  const stream = {
    type: 'raptor',
    accountId: '12345',
    streamId: '3f0c7d52-8a1e-4b6f-9c33-0d7e5a1b2c44',
    writeMode: 'append',
    baseUrl: url,
    mapping: 'bench.map.yaml',
  };
  const grouped = { ...stream, mapping: 'grouped.map.yaml' };
  const filtered = { ...stream, mapping: 'filtered.map.yaml' };
  writeFileSync(join(folder, 'cdp-load.yaml'), JSON.stringify({ targets: { stream, grouped, filtered } }));
  writeFileSync(join(folder, 'filtered.map.yaml'), filteredMapping);
  writeFileSync(join(folder, 'grouped.map.yaml'), groupedMapping);
  writeFileSync(join(folder, 'bench.map.yaml'), benchMapping);
}
