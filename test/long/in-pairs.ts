/** Works through a list two at a time: each point of a sweep waits for processes most of its time. */
export async function inPairs<Point>(points: readonly Point[], work: (point: Point) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let point = points[next++]; point !== undefined; point = points[next++]) await work(point);
  };
  await Promise.all([worker(), worker()]);
}
