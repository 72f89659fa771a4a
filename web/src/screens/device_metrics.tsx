import { useEffect, useRef, useState } from "react";
import { read } from "../api/client";
import { as_problem, type Problem } from "../api/problem";
import { path_of } from "../api/query_string";
import type { MetricNow, Series } from "../api/types";
import { BandChart } from "../charts/band_chart";
import { measure, unit_name } from "../format/numbers";
import { ago } from "../format/times";
import { useNow, usePolling } from "../live/hooks";
import { Choice } from "../parts/choice";
import { Empty, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";

const MINUTE = 60;
const HOUR = 3600;
const SPANS: [seconds: number, name: string][] = [
  [15 * MINUTE, "15 min"],
  [HOUR, "1 h"],
  [6 * HOUR, "6 h"],
  [24 * HOUR, "24 h"],
  [168 * HOUR, "7 d"],
];
const POINTS = 500;
const POLL_MS = 4_000;

interface Props {
  id: string;
  metrics: MetricNow[] | undefined;
  problem: Problem | undefined;
}

export function Metrics({ id, metrics, problem }: Props) {
  const [seconds, set_seconds] = useState(HOUR);
  const choice = <Choice label="Time span" options={SPANS} value={seconds} choose={set_seconds} />;
  return (
    <Panel title="Measurements" aside={choice}>
      <ProblemNotice problem={metrics ? undefined : problem} />
      {metrics?.length === 0 && (
        <Empty>
          Nothing has been measured yet. Readings arrive as SenML on <code>v1/devices/{id}/telemetry</code>.
        </Empty>
      )}
      <div className="charts">
        {metrics?.map((metric) => (
          <Chart key={metric.metric} id={id} metric={metric} seconds={seconds} />
        ))}
      </div>
    </Panel>
  );
}

interface Window {
  series: Series;
  from: number;
  to: number;
}

function useSeries(id: string, metric: string, seconds: number, last: string | undefined) {
  const [kept, keep] = useState<Window>();
  const [problem, set_problem] = useState<Problem>();
  const turn = useRef(new AbortController());
  function ask() {
    const { signal } = turn.current;
    const to = Date.now();
    const from = to - seconds * 1000;
    const params = {
      metric,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      points: POINTS,
    };
    read<Series>(`${path_of("devices", id)}/series`, params, signal)
      .then((series) => {
        keep({ series, from: from / 1000, to: to / 1000 });
        set_problem(undefined);
      })
      .catch((error: unknown) => signal.aborted || set_problem(as_problem(error)));
  }
  useEffect(() => {
    turn.current = new AbortController();
    ask();
    return () => turn.current.abort();
  }, [id, metric, seconds, last]);
  usePolling(ask, Math.max(POLL_MS, (seconds / POINTS) * 1000)); // no sooner than a new bucket can be seen
  return { kept, problem };
}

function Chart({ id, metric, seconds }: { id: string; metric: MetricNow; seconds: number }) {
  const { kept, problem } = useSeries(
    id,
    metric.metric,
    seconds,
    seconds <= HOUR ? metric.last?.at : undefined,
  );
  const now = useNow();
  return (
    <figure className="metric" data-testid="metric" data-metric={metric.metric}>
      <figcaption className="line">
        <strong>{metric.metric}</strong>
        <span className="end">
          <b className="value">{metric.last ? measure(metric.last.value) : "–"}</b> {unit_name(metric.unit)}
        </span>
        <span className="muted small nowrap age">{ago(metric.last?.at ?? null, now)}</span>
      </figcaption>
      <ProblemNotice problem={problem} />
      {kept ? <BandChart {...kept} /> : <div className="chart waiting" />}
    </figure>
  );
}
