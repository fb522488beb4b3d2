/** The sandbox's front page: what runs here, how to reach it, and what can be asked. */
import { stringify } from 'yaml';
import type { Emulator, EmulatorType } from './emulator.ts';

export function indexPage(
  origin: string,
  platforms: readonly { readonly type: EmulatorType; readonly emulator: Emulator }[],
): string {
  const sections = platforms.map(({ type: { platform, readOuts = {} }, emulator }) => {
    const url = `${origin}/${platform}`;
    const settings = stringify({ targets: { [platform]: { type: platform, ...emulator.settings(url) } } });
    return [
      `${platform}`,
      '-'.repeat(platform.length),
      'In cdp-load.yaml (these credentials open nothing but this sandbox):',
      '',
      settings,
      ...emulator.summary().map((line) => `  ${line}`),
      '',
      ...Object.entries(readOuts).map(([name, about]) => `  GET  ${url}/__emu/${name}  ${about}`),
      `  POST ${url}/__emu/reset      forgets everything, faults included`,
      `  POST ${url}/__emu/faults     a fault script; GET shows it and how often it struck`,
      `  POST ${url}/__emu/provision  {operation, fields, settings, config}: what one does in the vendor's console`,
    ].join('\n');
  });
  return [
    'cdp-load sandbox: emulated platforms, on this machine only. Nothing here reaches a real one.',
    `The last requests: ${origin}/__emu/log`,
    ...sections,
    '',
  ].join('\n\n');
}
