// The newest ledger entries of one kind of act, of a few to choose from.

import { useState } from "react";
import { useListing } from "../api/reading";
import type { LedgerEntry } from "../api/types";
import { moment } from "../format/times";
import { useCalm, useEvent } from "../live/hooks";
import { Choice } from "../parts/choice";
import { detail_text, TargetLink } from "../parts/ledger_entries";
import { ListingTable } from "../parts/listing";
import { Panel } from "../parts/panel";
import { audit } from "../route/addresses";
import { Link } from "../route/link";

const PAGE = 20;
const COLUMNS = [
  { name: "Time, UTC" },
  { name: "About" },
  { name: "Why" },
  { name: "Entry", className: "num" },
];

interface Props {
  title: string;
  label: string; // of the choice
  actions: readonly (readonly [action: string, name: string])[];
  nothing: string;
  testid: string;
}

export function LedgerActs({ title, label, actions, nothing, testid }: Props) {
  const [action, choose] = useState(actions[0]?.[0] ?? "");
  const list = useListing<LedgerEntry>("/ledger/entries", { action }, PAGE);
  const again = useCalm(list.reload, 500);
  useEvent<LedgerEntry>("ledger", (entry) => entry.action === action && again());
  return (
    <Panel
      title={title}
      aside={<Choice label={label} options={actions} value={action} choose={choose} />}
      flush
      testid={testid}
    >
      <ListingTable
        list={list}
        label={title}
        columns={COLUMNS}
        empty={<p className="empty">{nothing}</p>}
        row={(entry) => <Row key={entry.index} entry={entry} />}
      />
    </Panel>
  );
}

function Row({ entry }: { entry: LedgerEntry }) {
  return (
    <tr data-testid="act-row" data-target={entry.target}>
      <td className="nowrap muted">{moment(entry.at)}</td>
      <td className="clip id" title={entry.target}>
        <TargetLink target={entry.target} />
      </td>
      <td className="grow-cell">
        {entry.reason && <div>{entry.reason}</div>}
        <div className={entry.reason ? "muted small break" : "break"}>{detail_text(entry.detail)}</div>
      </td>
      <td className="num">
        <Link to={audit({ from: entry.index })}>{entry.index}</Link>
      </td>
    </tr>
  );
}
