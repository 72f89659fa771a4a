// One metric over time: the mean as a line, and the band between the least and the greatest value of
// each bucket. Times are UTC.

import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Series } from "../api/types";
import { measure } from "../format/numbers";
import { moment } from "../format/times";
import { columns_of } from "./columns";

const HEIGHT = 132;
const FEW = 60; // values up to which each is shown as a point, too

interface Props {
  series: Series;
  from: number; // seconds; the axis, also where there are no values
  to: number;
}

function options_of(width: number, read: (place: number | null) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${colour("--font")}`;
  const axis = {
    stroke: colour("--ink-3"),
    font,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [6, 4, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: "device" }, points: { size: 6 } },
    hooks: { setCursor: [(plot) => read(plot.cursor.idx ?? null)] },
    scales: { x: { time: true } },
    axes: [
      {
        ...axis,
        size: 22,
        gap: 4,
        space: 64,
        values: (_plot, ticks, _axis, _space, step) => ticks.map((at) => tick(at, step)),
      },
      { ...axis, size: 52, gap: 4, space: 32, values: (_plot, ticks) => ticks.map(measure) },
    ],
    series: [
      {},
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
      {
        stroke: colour("--accent"),
        width: 1.5,
        points: { show: (plot) => plot.data[0].length <= FEW, size: 4, fill: colour("--accent") },
      },
    ],
    bands: [{ series: [2, 1], fill: colour("--accent-soft") }],
  };
}

// As much of the time as the distance of the ticks calls for.
function tick(at: number, step: number): string {
  const time = new Date(at * 1000).toISOString();
  if (step >= 86_400) return time.slice(5, 10);
  return step >= 60 ? time.slice(11, 16) : time.slice(11, 19);
}

export function BandChart({ series, from, to }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef({ series, from, to });
  latest.current = { series, from, to };
  const [place, set_place] = useState<number | null>(null);

  useEffect(() => {
    const element = box.current!;
    const draw = () => {
      plot.current?.destroy();
      const { series, from, to } = latest.current;
      plot.current = new uPlot(options_of(element.clientWidth, set_place), columns_of(series), element);
      plot.current.setScale("x", { min: from, max: to });
    };
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    window.addEventListener("muster-theme", draw);
    const sizes = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    sizes.observe(element);
    return () => {
      dark.removeEventListener("change", draw);
      window.removeEventListener("muster-theme", draw);
      sizes.disconnect();
      plot.current?.destroy();
    };
  }, []);

  useEffect(() => {
    plot.current?.setData(columns_of(series), false);
    plot.current?.setScale("x", { min: from, max: to });
  }, [series, from, to]);

  return (
    <>
      <div
        ref={box}
        className="chart"
        role="img"
        aria-label={`${series.metric}, ${series.buckets.length} values`}
      />
      <p className="readout small muted">{readout(plot.current?.data, place) || "\u00a0"}</p>
    </>
  );
}

function readout(data: uPlot.AlignedData | undefined, place: number | null): string {
  if (!data || place === null) return "";
  const [at, least, greatest, mean] = data.map((column) => column[place]);
  if (typeof at !== "number" || typeof mean !== "number") return "";
  const band = `${measure(least as number)} to ${measure(greatest as number)}`;
  return `${moment(new Date(at * 1000).toISOString())} · mean ${measure(mean)} · ${band}`;
}
