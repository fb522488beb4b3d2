import { count, type Figure, interleaved, least, perSecond } from './figure.ts';
import { measure } from './measure.ts';
import { script } from './stage.ts';

export const throughput: Figure = {
  name: 'throughput',
  title: 'Rows a second',
  about:
    'The bare pipeline is the yardstick: blocks → csv-parse in two workers → map → `JSON.stringify` → POSTs of 500 rows to the same nginx, without journal, checks or positions. Rows without quotes are split, rows with them go through csv-parse. Miller only turns CSV into NDJSON and sends nothing. Each is run in turn, and the best of its runs counts.',
  async run({ nginx, rows, rounds, file, load }) {
    const csv = await file('csv', rows);
    const quoted = await file('quoted', rows);
    const ndjson = await file('ndjson', rows);
    const bare = async () => {
      await nginx.settled();
      nginx.taken();
      const measured = await measure(process.execPath, [script('bare-pipeline.ts'), csv, nginx.url]);
      await nginx.settled();
      const expected = JSON.parse(measured.stdout) as { rows: number; requests: number; bytes: number };
      const taken = nginx.taken();
      if (expected.rows !== rows || taken.requests !== expected.requests || taken.bytes !== expected.bytes)
        throw new Error(`the bare pipeline: ${JSON.stringify({ expected, taken })}`);
      return measured;
    };
    const runs = await interleaved(rounds, {
      bare,
      csv: () => load('push', csv, rows),
      quoted: () => load('push', quoted, rows),
      ndjson: () => load('push', ndjson, rows),
      validate: () => load('validate', csv, rows),
      miller: () => measure('/bin/sh', ['-c', `exec mlr --icsv --ojsonl cat '${csv}' > /dev/null`]),
    });
    const best = (name: keyof typeof runs) => least(runs[name].map(({ seconds }) => seconds));
    const share = (best('bare') / best('csv')) * 100;
    return [
      { what: `bare pipeline, CSV, ${count(rows)} rows`, value: perSecond(rows, best('bare'), 'rows') },
      { what: 'Miller, CSV to NDJSON', value: perSecond(rows, best('miller'), 'rows') },
      { what: '`push`, CSV', value: perSecond(rows, best('csv'), 'rows') },
      { what: '`push`, CSV with quotes around each value', value: perSecond(rows, best('quoted'), 'rows') },
      { what: '`push`, NDJSON', value: perSecond(rows, best('ndjson'), 'rows') },
      { what: '`validate`, CSV', value: perSecond(rows, best('validate'), 'rows') },
      {
        what: '`push` of CSV to the bare pipeline',
        value: `${share.toFixed(0)} %`,
        goal: '≥ 85 %',
        reached: share >= 85,
      },
      faster('NDJSON to CSV without quotes', best('csv') / best('ndjson')),
      faster('NDJSON to CSV with quotes', best('quoted') / best('ndjson')),
      faster('`validate` to `push`', best('csv') / best('validate')),
    ];
  },
};

const faster = (what: string, ratio: number) => ({
  what,
  value: `${ratio.toFixed(2)} times as fast`,
  goal: 'faster',
  reached: ratio > 1,
});
