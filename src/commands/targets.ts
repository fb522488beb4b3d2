/** `cdp-load targets`: what is configured and what is missing; `targets check`: one harmless call. Secrets are masked. */
import chalk from 'chalk';
import { loadConfig } from '../config/load.ts';
import { resolveTarget } from '../config/resolve.ts';
import { settingStates } from '../config/setting-states.ts';
import { createTransport } from '../delivery/transport.ts';
import { systemClock } from '../model/clock.ts';
import { Exit } from '../model/fault.ts';
import { maskTexts } from '../model/mask.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';
import { jsonLine } from '../report/json.ts';
import { printable } from '../report/printable.ts';
import { targetTypes } from '../targets/index.ts';
import type { Target } from '../targets/target.ts';
import type { ConfigFlags, OutputFlags } from './flags.ts';
import { transportOptions } from './world.ts';

export async function targets(name: string | undefined, flags: ConfigFlags & OutputFlags): Promise<void> {
  const config = loadConfig(flags.config, process.cwd());
  const names = name === undefined ? Object.keys(config.content.targets) : [name];
  const listed = names.map((one) => ({ name: one, ...settingStates(one, config, process.env) }));
  if (flags.json) {
    for (const { name: one, type, states } of listed)
      process.stdout.write(`${jsonLine({ event: 'target', name: one, type: type.type, settings: states })}\n`);
    return;
  }
  const lines: string[] = [];
  for (const { name: one, type, states } of listed) {
    lines.push(`${chalk.bold(printable(one))}  ${type.title} (${type.type})`);
    for (const { name: setting, about, from, variable, shown } of states) {
      const value =
        from === 'missing'
          ? chalk.red(`missing${variable === undefined ? '' : `: set ${variable}`}`)
          : from === 'default'
            ? chalk.dim(`not set${variable === undefined ? '' : ` (${variable})`}`)
            : `${printable(shown ?? '')} ${chalk.dim(`(${from})`)}`;
      lines.push(`  ${setting.padEnd(24)} ${value}`);
      if (name !== undefined && about !== '') lines.push(chalk.dim(`  ${''.padEnd(24)} ${about}`));
    }
    if (name !== undefined) {
      lines.push('  operations');
      for (const [operation, { summary, destroys }] of Object.entries(type.operations)) {
        lines.push(`  ${operation.padEnd(24)} ${summary}${destroys === undefined ? '' : chalk.red(` (${destroys})`)}`);
      }
    }
  }
  if (name === undefined) {
    if (names.length === 0)
      lines.push(
        'No targets are configured. Name them in cdp-load.yaml, or use a type with its settings in the environment:',
      );
    else lines.push('', 'Target types:');
    for (const type of targetTypes) lines.push(`  ${[type.type, ...type.aliases].join(', ').padEnd(24)} ${type.title}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

export async function checkTarget(name: string, flags: ConfigFlags): Promise<void> {
  const config = loadConfig(flags.config, process.cwd());
  const resolved = resolveTarget(name, config, process.env);
  const { target } = resolved;
  const mask = maskTexts([...resolved.secrets, ...(target.secretTexts ?? [])]);
  const say = (text: string) => process.stdout.write(`${printable(mask(text))}\n`);
  if ('none' in target.check) {
    say(`${name}: there is no harmless call: ${target.check.none}`);
    return;
  }
  say(`${name}: ${target.check.about}`);
  const transport = createTransport(transportOptions(resolved));
  try {
    const { ok, says, hint } = await firstGoodAnswer(target, target.check, (request) => transport.send(request));
    say(`${ok ? 'ok' : 'refused'}: ${says}`);
    if (hint !== undefined) say(`  ${hint}`);
    process.exitCode = ok ? Exit.ok : Exit.targetRefused;
  } finally {
    await transport.close();
  }
}

async function firstGoodAnswer(
  target: Target,
  check: Extract<Target['check'], { calls: unknown }>,
  send: (request: ApiRequest) => Promise<ApiReply | ApiFailure>,
): Promise<{ ok: boolean; says: string; hint?: string }> {
  let token: string | undefined;
  if (target.token !== undefined) {
    // Asked once: a check tells what is so now, and does not wait for it to get better.
    const got = target.token.read(await send(target.token.request()));
    if ('reason' in got) return { ok: false, says: got.reason.reason };
    token = got.token;
  }
  // The first call is the target as it is configured: what it was told is what its user has to mend.
  let first: { ok: boolean; says: string; hint?: string } | undefined;
  for (const [index, { request, authorize }] of check.calls.entries()) {
    const signed = (authorize ?? target.authorize)(request, new Date(systemClock.now()), token);
    const answer = check.read(await send(signed), index);
    if (answer.ok || answer.conclusive === true) return answer;
    first ??= answer;
  }
  return first ?? { ok: true, says: 'the token was granted' };
}
