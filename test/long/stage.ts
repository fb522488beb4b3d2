/** A scene ready to be played: the platform in this process, watched; the loader as a process of its own, to be killed. */
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import type { Emulator, EmulatorReply, EmulatorRequest, EmulatorType } from '../../src/sandbox/emulator.ts';
import { emulatorTypes } from '../../src/sandbox/index.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { createWorkdir, type Workdir } from '../support/workdir.ts';
import { countRows, csvOf, type Scene } from './scenes.ts';

/** Where in a request's life something happens: it has come in whole, is stored, or its answer has gone out. */
export type Moment = 'before storing' | 'after storing' | 'after the reply';

export interface Stage {
  readonly workdir: Workdir;
  readonly sandbox: Sandbox;
  readonly emulator: Emulator;
  readonly args: readonly string[];
  /** Requests that came in, those for a token included. */
  readonly requests: number;
  /** How often each row came and was stored. */
  arrivals(): ReadonlyMap<string, number>;
  /** Bodies of requests that were stored. */
  readonly bodies: readonly string[];
  /** Addresses of the same requests, in the same order. */
  readonly urls: readonly string[];
  readonly rows: number;
  /** Called once, at this moment of the so-many-th request from now. */
  at(moment: Moment, request: number, act: () => Promise<unknown> | undefined): void;
  /** Takes back an `at` whose moment has not come. */
  disarm(): void;
}

export interface StageOptions {
  readonly rows?: number;
  readonly flags?: readonly string[];
  /** Beside or instead of the emulator's own settings. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly platform?: EmulatorType;
}

export async function createStage(
  t: Pick<TestContext, 'after'>,
  scene: Scene,
  options: StageOptions = {},
): Promise<Stage> {
  const arrived: string[] = [];
  const bodies: string[] = [];
  const urls: string[] = [];
  let requests = 0;
  let plan: { moment: Moment; request: number; act: () => Promise<unknown> | undefined } | undefined;

  const whenDue = (moment: Moment, request: number) => {
    if (plan?.moment !== moment || plan.request !== request) return undefined;
    const { act } = plan;
    plan = undefined;
    return { act };
  };
  const watch = (emulator: Emulator): Emulator => ({
    settings: (origin) => emulator.settings(origin),
    provision: (operation, fields, settings, config) => emulator.provision(operation, fields, settings, config),
    readOut: (name, query) => emulator.readOut(name, query),
    summary: () => emulator.summary(),
    reset: () => emulator.reset(),
    async handle(request: EmulatorRequest): Promise<EmulatorReply> {
      requests += 1;
      const number = requests;
      const first = whenDue('before storing', number);
      if (first !== undefined) {
        await first.act();
        return { status: 500 };
      }
      const reply = await emulator.handle(request);
      if (reply.status < 300) {
        bodies.push(request.body.toString());
        urls.push(decodeURIComponent(request.rawUrl));
        arrived.push(`${decodeURIComponent(request.rawUrl)} ${request.body.toString()}`);
      }
      await whenDue('after storing', number)?.act();
      const last = whenDue('after the reply', number);
      if (last !== undefined) setTimeout(() => void last.act(), 1);
      return reply;
    },
  });
  const type = options.platform ?? emulatorTypes.find(({ platform }) => platform === scene.type);
  if (type === undefined) throw new RangeError(scene.type);
  const sandbox = await startSandbox({ platforms: [{ ...type, create: (clock) => watch(type.create(clock)) }] });
  t.after(() => sandbox.close());
  const emulator = sandbox.emulator(scene.type);
  const workdir = createWorkdir(t);
  const settings = { ...emulator.settings(sandbox.url(scene.type)), ...scene.config, ...options.config };
  const content = { targets: { here: { type: scene.type, ...settings, mapping: 'map.yaml' } } };
  const mapping = {
    version: 1,
    target: scene.type,
    operation: scene.operation,
    key: 'id',
    settings: scene.settings,
    fields: scene.fields,
  };
  workdir.file('cdp-load.yaml', JSON.stringify(content));
  workdir.file('map.yaml', JSON.stringify(mapping));
  workdir.file('rows.csv', csvOf(options.rows ?? scene.rows));

  const { target, settings: resolved } = resolveTarget('here', loadConfig(undefined, workdir.path), {});
  const { fields } = target.operation(scene.operation, scene.settings);
  emulator.provision(scene.operation, fields, scene.settings, resolved.own);
  return {
    workdir,
    sandbox,
    emulator,
    args: ['push', 'rows.csv', '--target', 'here', '--json', '--chunk-size', '10', ...(options.flags ?? [])],
    get requests() {
      return requests;
    },
    bodies,
    urls,
    arrivals: () => countRows(arrived),
    rows: options.rows ?? scene.rows,
    at(moment, request, act) {
      plan = { moment, request: requests + request, act };
    },
    disarm() {
      plan = undefined;
    },
  };
}
