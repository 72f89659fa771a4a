import { useEffect, useState } from "react";
import { path_of } from "../api/query_string";
import { useListing, type Listing } from "../api/reading";
import type { Outcome, RolloutTarget } from "../api/types";
import { count } from "../format/numbers";
import { OUTCOMES } from "../format/outcomes";
import { moment } from "../format/times";
import { ListingTable } from "../parts/listing";
import { ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { OutcomeTag } from "../parts/tag";
import { device } from "../route/addresses";
import { Link } from "../route/link";

const COLUMNS = [
  { name: "Device" },
  { name: "Wave", className: "num" },
  { name: "Outcome" },
  { name: "Detail" },
  { name: "At, UTC", className: "num" },
];

// Every target with what became of it.
export function Targets({ id, round }: { id: string; round: number }) {
  const [outcome, set_outcome] = useState<Outcome | "">("");
  const list = useListing<RolloutTarget>(`${path_of("rollouts", id)}/targets`, { outcome }, 100);
  useEffect(() => {
    if (round > 0 && list.items.length <= 100) list.reload();
  }, [round]);
  const filter = (
    <select
      className="input"
      aria-label="Outcome"
      value={outcome}
      onChange={(e) => set_outcome(e.target.value as Outcome | "")}
      data-testid="outcome-filter"
    >
      <option value="">every outcome</option>
      {OUTCOMES.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
  return (
    <Panel
      title={list.total === undefined ? "Targets" : `Targets (${count(list.total)})`}
      aside={filter}
      flush
    >
      <ListingTable
        list={list}
        label="Targets"
        columns={COLUMNS}
        empty={<p className="empty">No target has this outcome.</p>}
        row={(target) => (
          <tr key={target.device} data-testid="target-row" data-outcome={target.outcome}>
            <td className="clip id">
              <Link to={device(target.device)}>{target.device}</Link>
            </td>
            <td className="num">{target.wave + 1}</td>
            <td>
              <OutcomeTag outcome={target.outcome} />
            </td>
            <td className="grow-cell muted">{target.detail || "–"}</td>
            <td className="num muted">{moment(target.at)}</td>
          </tr>
        )}
      />
    </Panel>
  );
}

// Why devices failed, most frequent first.
export function Failures({ list }: { list: Listing<RolloutTarget> }) {
  const { items: targets, total, problem } = list;
  if (targets.length === 0 && !problem) return null;
  const reasons = new Map<string, RolloutTarget[]>();
  for (const target of targets) {
    const reason = target.detail || "no detail given";
    reasons.set(reason, [...(reasons.get(reason) ?? []), target]);
  }
  const sorted = [...reasons].sort((a, b) => b[1].length - a[1].length);
  return (
    <Panel
      title="Failure reasons"
      aside={total && total > targets.length ? `of the first ${count(targets.length)}` : undefined}
      flush
    >
      <ProblemNotice problem={problem} retry={list.reload} />
      <table className="table" aria-label="Failure reasons" data-testid="failures">
        <tbody>
          {sorted.map(([reason, of]) => (
            <tr key={reason}>
              <td className="break">
                {reason}
                <div className="muted small">
                  {of.slice(0, 3).map((target, i) => (
                    <span key={target.device}>
                      {i > 0 && ", "}
                      <Link to={device(target.device)}>{target.device}</Link>
                    </span>
                  ))}
                  {of.length > 3 && " …"}
                </div>
              </td>
              <td className="num">
                <strong>{count(of.length)}</strong>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
