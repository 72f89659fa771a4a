// A series as the columns a chart wants: times in seconds, least, greatest and mean values, and a hole
// where the device was silent for longer than it usually is.

import type { Series } from "../api/types";

export type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]];

const SILENCE = 3; // usual distances between two buckets without a reading

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function columns_of(series: Series): Columns {
  const buckets = series.buckets
    .filter((bucket) => bucket.count > 0)
    .map((bucket) => ({ ...bucket, seconds: Date.parse(bucket.at) / 1000 }));
  const distances = buckets.slice(1).map((bucket, i) => bucket.seconds - buckets[i]!.seconds);
  const longest = SILENCE * Math.max(series.step_ms / 1000, median(distances));

  const [at, least, greatest, mean]: Columns = [[], [], [], []];
  const add = (seconds: number, low: number | null, high: number | null, middle: number | null) => {
    at.push(seconds);
    least.push(low);
    greatest.push(high);
    mean.push(middle);
  };
  for (const [i, bucket] of buckets.entries()) {
    const before = buckets[i - 1];
    if (before && bucket.seconds - before.seconds > longest)
      add((before.seconds + bucket.seconds) / 2, null, null, null);
    add(bucket.seconds, bucket.min, bucket.max, bucket.mean);
  }
  return [at, least, greatest, mean];
}
