import { useListing } from "../api/reading";
import type { Incident, LedgerEntry } from "../api/types";
import { ago, lasted } from "../format/times";
import { useCalm, useEvent, useNow } from "../live/hooks";
import { Choice } from "../parts/choice";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { IncidentTag, RiskTag } from "../parts/tag";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { go, usePlace } from "../route/router";

const COLUMNS = [
  { name: "Incident" },
  { name: "Severity" },
  { name: "Device" },
  { name: "State" },
  { name: "Reason" },
  { name: "Findings", className: "num" },
  { name: "Opened", className: "num" },
  { name: "Lasted", className: "num" },
];
const STATES = [
  ["", "all"],
  ["open", "open"],
  ["closed", "closed"],
] as const;

export function Incidents() {
  const state = usePlace().searchParams.get("state") ?? "";
  const list = useListing<Incident>("/incidents", { state }, 100);
  const again = useCalm(list.reload, 200);
  const now = useNow(5000);
  useEvent<LedgerEntry>(
    "ledger",
    ({ action }) => /^(incident|device\.(quarantined|released))/.test(action) && again(),
  );
  const choice = (
    <Choice
      label="State"
      options={STATES}
      value={state}
      choose={(state) => go(to.incidents({ state }), "replace")}
    />
  );
  return (
    <>
      <Head title="Incidents" acts={choice}>
        <Total list={list} />
      </Head>
      <Panel title="Newest first" flush>
        <ListingTable
          list={list}
          label="Incidents"
          columns={COLUMNS}
          row={(incident) => <IncidentRow key={incident.id} incident={incident} now={now} />}
          empty={
            <Empty command="muster incident list">
              {state === "open" ? "No incident is open." : "There has been no incident."} Devices are watched
              against their model and their own past.
            </Empty>
          }
        />
      </Panel>
    </>
  );
}

function IncidentRow({ incident, now }: { incident: Incident; now: number }) {
  return (
    <tr data-testid="incident-row" data-incident={incident.id} data-state={incident.state}>
      <td>
        <Link to={to.incident(incident.id)}>{incident.id}</Link>
      </td>
      <td>
        <RiskTag risk={incident.severity} />
      </td>
      <td className="clip id">
        <Link to={to.device(incident.device)}>{incident.device}</Link>
      </td>
      <td>
        <IncidentTag state={incident.state} />
      </td>
      <td className="grow-cell">{incident.reason}</td>
      <td className="num">{incident.findings.length}</td>
      <td className="num muted">{ago(incident.opened_at, now)}</td>
      <td className="num muted">{lasted(incident.opened_at, incident.closed_at, now)}</td>
    </tr>
  );
}
