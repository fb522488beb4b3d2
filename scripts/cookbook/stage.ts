/** Plays a page in a throw-away folder with the real program, and gives the page as it should read. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scenesOf, sessionText } from './page.ts';
import { createStandIns, type StandIns } from './stand-ins.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const longestCommandMs = 60_000;

/** The page with the answers that its commands give today: the same text, if it is up to date. */
export async function played(page: string): Promise<string> {
  const stage = build();
  try {
    let text = '';
    let done = 0;
    for (const scene of scenesOf(page)) {
      if (scene.kind === 'file') {
        const path = join(stage.folder, scene.path);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, stage.standIns.fromPage(scene.text));
        continue;
      }
      const exchanges = [];
      for (const command of scene.commands) exchanges.push({ command, answer: await stage.type(command) });
      text += page.slice(done, scene.from) + sessionText(exchanges);
      done = scene.to;
    }
    return text + page.slice(done);
  } finally {
    stage.strike();
  }
}

interface Stage {
  readonly folder: string;
  readonly standIns: StandIns;
  type(command: string): Promise<string>;
  strike(): void;
}

function build(): Stage {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'cdp-load-cookbook-')));
  const folder = join(place, 'loads');
  const programs = join(place, 'bin');
  mkdirSync(folder);
  mkdirSync(programs);
  const program = join(root, 'bin', 'cdp-load.js');
  writeFileSync(join(programs, 'cdp-load'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, {
    mode: 0o755,
  });
  const standIns = createStandIns(folder);
  const env: Record<string, string> = {
    PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: place,
    NO_COLOR: '1',
    TZ: 'UTC',
  };
  const inBackground: ChildProcess[] = [];

  return {
    folder,
    standIns,
    async type(command) {
      // Each command has a shell of its own.
      if (command.startsWith('export ')) {
        for (const [, name = '', value = ''] of command.matchAll(/ (\w+)=(\S*)/g)) env[name] = value;
        return '';
      }
      const typed = standIns.fromPage(command);
      if (/ &$/.test(typed)) return standIns.toPage(await listening(typed));
      const { output, status } = await run(typed, { cwd: folder, env });
      return standIns.toPage(status === 0 ? output : `${output}[exit ${status}]\n`);
    },
    strike() {
      for (const child of inBackground) child.kill('SIGTERM');
      rmSync(place, { recursive: true, force: true });
    },
  };

  /** A sandbox that stays. The page names a port; the system picks one, so that pages can be played side by side. */
  function listening(command: string): Promise<string> {
    const [, words = ''] = /^cdp-load (sandbox) --port \d+ &$/.exec(command) ?? [];
    if (words === '') throw new RangeError(`only \`cdp-load sandbox --port 4100 &\` may stay: ${command}`);
    const child = spawn(process.execPath, [program, words, '--port', '0'], { cwd: folder, env });
    inBackground.push(child);
    return new Promise((resolve, reject) => {
      let said = '';
      child.on('error', reject);
      child.on('exit', (status) => reject(new Error(`${command} ended with ${status}: ${said}`)));
      child.stdout.on('data', (part: Buffer) => {
        said += part.toString('utf8');
        const [, port] = /127\.0\.0\.1:(\d+)\n[^\n]*\n/.exec(said) ?? [];
        if (port === undefined) return;
        standIns.listen(Number(port));
        resolve(said);
      });
    });
  }
}

/** Both streams in one, as a terminal shows them. */
function run(
  command: string,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<{ readonly output: string; readonly status: number }> {
  return new Promise((resolve, reject) => {
    const limits = { timeout: longestCommandMs, maxBuffer: 4 * 1024 * 1024 };
    execFile('/bin/sh', ['-c', `exec 2>&1\n${command}`], { ...options, ...limits }, (error, output) => {
      if (error === null) resolve({ output, status: 0 });
      else if (typeof error.code === 'number') resolve({ output, status: error.code });
      else reject(error);
    });
  });
}
