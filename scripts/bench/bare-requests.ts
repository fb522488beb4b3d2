// What undici gets by itself: one body of BYTES bytes, COUNT times over CONNECTIONS connections, a request after the other on each.
// Usage: node bare-requests.ts URL BYTES COUNT CONNECTIONS. Prints requests a second.
import { Agent } from 'undici';

const [url = '', ...numbers] = process.argv.slice(2);
const [bytes = 0, count = 0, connections = 0] = numbers.map(Number);
const agent = new Agent({ connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
const body = Buffer.alloc(bytes, 'x');
const headers = { 'content-type': 'application/json' };
const { promise, resolve, reject } = Promise.withResolvers<void>();
let sent = 0;
let answered = 0;

function send(): void {
  if (sent === count) return;
  sent += 1;
  agent.dispatch(
    { origin: url, path: '/', method: 'POST', headers, body },
    {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd() {
        answered += 1;
        if (answered === count) resolve();
        else send();
      },
      onResponseError: (_controller, error) => reject(error),
    },
  );
}

const startedAt = performance.now();
for (let connection = 0; connection < connections; connection++) send();
await promise;
process.stdout.write(`${Math.round(count / ((performance.now() - startedAt) / 1000))}\n`);
await agent.close();
