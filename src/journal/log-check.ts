/**
 * SQLite reads its log (`-wal`) up to the first frame that does not verify and forgets the rest, because that is how a
 * power cut leaves a transaction that was under way. Of a log that was damaged later it so forgets what was on disk, and
 * this program would send rows again without a word. The two can be told apart: a frame continues the checksum of the one
 * before it, so one that continues a commit was written by somebody to whom that commit was good. Only damage to the very
 * last transaction looks like a power cut.
 *
 * The format: https://sqlite.org/fileformat2.html#the_write_ahead_log
 */

const headerBytes = 32;
const frameHeaderBytes = 24;
const magic = 0x377f0682;

/** Whether commits that were good lie behind a place that does not verify. */
export function isLogDamaged(log: Buffer): boolean {
  if (log.length <= headerBytes || log.subarray(0, headerBytes).every((byte) => byte === 0)) return false;
  const isBigEndian = log.readUInt32BE(0) === magic + 1;
  if (!isBigEndian && log.readUInt32BE(0) !== magic) return true;
  const pageBytes = log.readUInt32BE(8);
  const sum = checksummer(log, isBigEndian);
  let [one, two] = sum(0, 24, 0, 0);
  if (one !== log.readUInt32BE(24) || two !== log.readUInt32BE(28)) return true;

  const isOfThisLog = (at: number) =>
    log.readUInt32BE(at + 8) === log.readUInt32BE(16) && log.readUInt32BE(at + 12) === log.readUInt32BE(20);
  let isBehindDamage = false;
  let followsCommit = false;
  for (let at = headerBytes; at + frameHeaderBytes + pageBytes <= log.length; at += frameHeaderBytes + pageBytes) {
    [one, two] = sum(at, 8, one, two);
    [one, two] = sum(at + frameHeaderBytes, pageBytes, one, two);
    const [saysOne, saysTwo] = [log.readUInt32BE(at + 16), log.readUInt32BE(at + 20)];
    const verifies = isOfThisLog(at) && one === saysOne && two === saysTwo;
    if (verifies && isBehindDamage && followsCommit) return true;
    isBehindDamage ||= !verifies;
    followsCommit = isOfThisLog(at) && log.readUInt32BE(at + 4) !== 0;
    // What the next frame continues, be this one good or not.
    [one, two] = [saysOne, saysTwo];
  }
  return false;
}

/** SQLite's own sum, over pairs of 32-bit words, going on from two numbers. */
function checksummer(log: Buffer, isBigEndian: boolean) {
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  return (from: number, bytes: number, startOne: number, startTwo: number): [number, number] => {
    let [one, two] = [startOne, startTwo];
    for (let at = from; at < from + bytes; at += 8) {
      one = (one + view.getUint32(at, !isBigEndian) + two) >>> 0;
      two = (two + view.getUint32(at + 4, !isBigEndian) + one) >>> 0;
    }
    return [one, two];
  };
}
