// Programs that benchmarks and long tests need and Node does not bring.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Installs what is absent. @param programs path of each, and the package of Debian's that it is in */
export function needDebian(programs: Readonly<Record<string, string>>): void {
  const missing = Object.entries(programs)
    .filter(([path]) => !existsSync(path))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  process.stderr.write(`Installing ${missing.join(', ')} …\n`);
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '-o', 'DPkg::Lock::Timeout=120', '--no-install-recommends', ...missing],
  ]) {
    const { status } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) throw new Error(`apt-get ${args[0]} failed; install ${missing.join(', ')} by hand`);
  }
}
