/** `cdp-load sandbox`: the emulator of all five platforms, until Ctrl-C. */
import { startSandbox } from '../sandbox/server.ts';

export async function sandbox(flags: { port: number }): Promise<void> {
  const running = await startSandbox({ port: flags.port });
  process.stdout.write(
    `The sandbox listens on ${running.origin}\nOpen it in a browser for its platforms, credentials and read-outs. Ctrl-C ends it.\n`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await running.close();
}
