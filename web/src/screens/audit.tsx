// The ledger: every decision, newest first, and its verification in this browser.

import { useState } from "react";
import { useReading } from "../api/reading";
import type { Checkpoint, LedgerEntry } from "../api/types";
import { plural } from "../format/numbers";
import { moment } from "../format/times";
import { useCalm, useEvent } from "../live/hooks";
import { Head } from "../parts/head";
import { detail_text, TargetLink } from "../parts/ledger_entries";
import { Empty, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { TableHead } from "../parts/table_head";
import { audit } from "../route/addresses";
import { go, usePlace } from "../route/router";
import { useEntries } from "./audit_entries";
import { CheckpointPanel } from "./audit_checkpoint";

const COLUMNS = [
  { name: "No.", className: "num" },
  { name: "Time, UTC" },
  { name: "Action" },
  { name: "Target" },
  { name: "By, and what was said" },
];

export default function Audit() {
  const { searchParams } = usePlace();
  const target = searchParams.get("target") ?? "";
  const at = searchParams.get("from");
  const checkpoint = useReading<Checkpoint>("/ledger/checkpoint");
  const list = useEntries(target, at === null ? null : Number(at), true);
  const again = useCalm(checkpoint.reload, 1000);
  useEvent<LedgerEntry>("ledger", again);
  return (
    <>
      <Head title="Ledger">
        {checkpoint.value && <span className="sub">{plural(checkpoint.value.size, "entry", "entries")}</span>}
      </Head>
      <div className="rollout">
        <div className="column">
          <Panel
            title={at === null ? "Newest first" : `From entry ${at} back`}
            aside={<TargetFilter target={target} at={at} />}
            flush
          >
            <ProblemNotice problem={list.problem} retry={list.reload} />
            {list.entries.length === 0 && !list.busy && !list.problem && (
              <Empty command="muster ledger checkpoint">
                {target ? `No entry is about ${target}.` : "Nothing has been decided yet."}
              </Empty>
            )}
            {list.fresh > 0 && (
              <button type="button" className="button fresh" onClick={list.show} data-testid="show-fresh">
                Show {plural(list.fresh, "new entry", "new entries")}
              </button>
            )}
            <EntryTable entries={list.entries} />
            {list.more && (
              <div className="table-foot">
                <button type="button" className="button" onClick={list.more} disabled={list.busy}>
                  {list.busy ? "Reading…" : "Show older"}
                </button>
              </div>
            )}
          </Panel>
        </div>
        <div className="column">
          <CheckpointPanel checkpoint={checkpoint.value} problem={checkpoint.problem} />
        </div>
      </div>
    </>
  );
}

function TargetFilter({ target, at }: { target: string; at: string | null }) {
  const [text, set_text] = useState(target);
  return (
    <form
      className="filters small"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        go(audit({ target: text.trim() }), "replace");
      }}
    >
      <input
        className="input mono"
        type="search"
        aria-label="Target"
        placeholder="device/meter-7"
        value={text}
        onChange={(e) => set_text(e.target.value)}
        data-testid="target-filter"
      />
      <button type="submit" className="button">
        Filter
      </button>
      {(target || at) && (
        <button type="button" className="button" onClick={() => (set_text(""), go(audit(), "replace"))}>
          All
        </button>
      )}
    </form>
  );
}

function EntryTable({ entries }: { entries: LedgerEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <div className="scroll-x">
      <table className="table roomy" aria-label="Ledger entries">
        <TableHead columns={COLUMNS} />
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.index} data-testid="ledger-row" data-index={entry.index}>
              <td className="num muted">{entry.index}</td>
              <td className="nowrap muted">{moment(entry.at)}</td>
              <td className="nowrap">
                <strong>{entry.action}</strong>
              </td>
              <td className="clip id" title={entry.target}>
                <TargetLink target={entry.target} />
              </td>
              <td className="grow-cell">
                {entry.actor}{" "}
                <span className="muted small">
                  {entry.role !== "device" && entry.role !== "system" && entry.role}
                </span>
                {entry.reason && <div>“{entry.reason}”</div>}
                <div className="muted small break">{detail_text(entry.detail)}</div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
