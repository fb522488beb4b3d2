// The yardstick's worker: parse, map, print, nothing else.
import { parentPort } from 'node:worker_threads';
import { parse } from 'csv-parse/sync';

parentPort?.on('message', (bytes: Uint8Array) => {
  const rows = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
    record_delimiter: ['\r\n', '\n', '\r'],
  }) as string[][];
  const bodies: Uint8Array[] = [];
  for (let from = 0; from < rows.length; from += 500) {
    const items = rows.slice(from, from + 500).map((row) => ({
      CustomerId: Number(row[0]),
      Email: row[1],
      FirstName: row[2],
      LastName: row[3],
      Phone: row[4],
      Street: row[5],
      City: row[6],
      PostalCode: row[7],
      Country: row[8],
      Birth: row[9],
      Joined: row[10],
      Points: Number(row[11]),
      Newsletter: row[12] === 'true',
      Tags: row[13]?.split(';'),
      Level: row[14],
    }));
    bodies.push(Buffer.from(JSON.stringify(items)));
  }
  parentPort?.postMessage({ rows: rows.length, bodies });
});
