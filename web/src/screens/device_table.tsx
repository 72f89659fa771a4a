import { memo, useEffect, useRef } from "react";
import { count } from "../format/numbers";
import { ago } from "../format/times";
import { useNow } from "../live/hooks";
import { LifeTag, OnlineTag, RiskTag } from "../parts/tag";
import { useSight } from "../parts/window";
import { device } from "../route/addresses";
import { Link } from "../route/link";
import type { Row } from "./device_rows";

const ROW = 34; // also in screens.css
const COLUMNS = ["Device", "Model", "State", "Online", "Firmware", "Risk", "Groups", "Last seen"];

interface Props {
  rows: Row[];
  total: number;
  view: string; // changes with the filter: the table goes back to its top
  want: (count: number) => void;
}

// 100,000 rows, of which only those in sight exist.
export function DeviceTable({ rows, total, view, want }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { first, end } = useSight(box, ROW, total);
  const now = useNow(5000);
  useEffect(() => {
    box.current?.scrollTo(0, 0);
  }, [view]);
  useEffect(() => {
    if (end > rows.length) want(end);
  });

  const shown = [];
  for (let i = first; i < end; i += 1) shown.push(<DeviceRow key={i} place={i} row={rows[i]} now={now} />);
  return (
    <div
      className="grid"
      ref={box}
      tabIndex={0}
      role="table"
      aria-label={`${count(total)} devices`}
      aria-rowcount={total + 1}
      data-testid="device-table"
    >
      <div className="grid-head" role="row" aria-rowindex={1}>
        {COLUMNS.map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      <div className="grid-body" role="rowgroup" style={{ height: `${total * ROW}px` }}>
        {shown}
      </div>
    </div>
  );
}

interface RowProps {
  place: number;
  row: Row | undefined;
  now: number;
}

// Remembered: while the table scrolls, only rows that come into sight are drawn.
const DeviceRow = memo(function DeviceRow({ place, row, now }: RowProps) {
  const at = { top: `${place * ROW}px` };
  if (!row)
    return (
      <div className="grid-row" role="row" aria-rowindex={place + 2} style={at}>
        <span role="cell" className="muted">
          …
        </span>
      </div>
    );
  return (
    <div
      className="grid-row"
      role="row"
      aria-rowindex={place + 2}
      style={at}
      data-testid="device-row"
      data-device={row.id}
    >
      <span role="cell" className="clip">
        <Link to={device(row.id)}>{row.id}</Link>
      </span>
      <span role="cell" className="clip">
        {row.model}
      </span>
      <span role="cell">
        <LifeTag state={row.state} />
      </span>
      <span role="cell">
        <OnlineTag online={row.online} />
      </span>
      <span role="cell" className="mono clip">
        {row.firmware || "–"}
      </span>
      <span role="cell">
        <RiskTag risk={row.risk} />
      </span>
      <span role="cell" className="clip muted">
        {row.groups.join(", ") || "–"}
      </span>
      <span role="cell" className="num muted">
        {row.online ? "now" : ago(row.last_seen, now)}
      </span>
    </div>
  );
});
