/**
 * Lane → number of the last chunk that entered it, in flat arrays: half a million people in flight cost no objects. Numbers
 * of chunks that have left are forgotten when the table is next made anew.
 */
export interface LaneTable {
  /** Puts `number` (above 0) in the lane's place and gives the one that stood there, or 0. */
  swap(lane: number, number: number): number;
}

const smallest = 1024;

/** @param isLive whether a number still matters */
export function createLaneTable(isLive: (number: number) => boolean): LaneTable {
  let lanes = new Int32Array(smallest);
  let numbers = new Int32Array(smallest);
  let used = 0;

  /** Where the lane stands, or the free place where it belongs (open addressing, linear probing). */
  const placeOf = (lane: number): number => {
    const mask = lanes.length - 1;
    let place = (Math.imul(lane, 0x9e3779b1) >>> 0) & mask;
    while (numbers[place] !== 0 && lanes[place] !== lane) place = (place + 1) & mask;
    return place;
  };

  const makeAnew = () => {
    const [oldLanes, oldNumbers] = [lanes, numbers];
    let live = 0;
    for (let place = 0; place < oldNumbers.length; place++) {
      const number = oldNumbers[place] ?? 0;
      if (number === 0) continue;
      if (isLive(number)) live += 1;
      else oldNumbers[place] = 0;
    }
    let size = smallest;
    while (size < live * 4) size *= 2;
    lanes = new Int32Array(size);
    numbers = new Int32Array(size);
    used = live;
    for (let old = 0; old < oldNumbers.length; old++) {
      const number = oldNumbers[old] ?? 0;
      if (number === 0) continue;
      const lane = oldLanes[old] ?? 0;
      const place = placeOf(lane);
      lanes[place] = lane;
      numbers[place] = number;
    }
  };

  return {
    swap(lane, number) {
      let place = placeOf(lane);
      if (numbers[place] === 0 && used * 2 >= lanes.length) {
        makeAnew();
        place = placeOf(lane);
      }
      const before = numbers[place] ?? 0;
      if (before === 0) used += 1;
      lanes[place] = lane;
      numbers[place] = number;
      return before;
    },
  };
}
