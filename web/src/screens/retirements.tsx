// Devices on their way out: who asked, who approved, and how far they are.

import { useState } from "react";
import { useListing } from "../api/reading";
import type { Retirement } from "../api/retirement_types";
import { count } from "../format/numbers";
import { progress_of, state_of_affairs } from "../format/retirements";
import { ago } from "../format/times";
import { useCalm, useEvent, useNow, usePolling } from "../live/hooks";
import { Bar } from "../parts/bar";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { RetirementTag } from "../parts/tag";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { RetireManyDialog } from "./retirement_acts";

const POLL_MS = 15_000;
const COLUMNS = [
  { name: "Retirement" },
  { name: "State" },
  { name: "Reason" },
  { name: "Devices", className: "num" },
  { name: "How far" },
  { name: "Asked by" },
  { name: "Asked", className: "num" },
];

export default function Retirements() {
  const list = useListing<Retirement>("/retirements");
  const [asks, ask] = useState(false);
  const may_act = useMayAct("admin");
  const now = useNow(5000);
  const again = useCalm(list.reload, 500);
  useEvent<Retirement>("retirement", again);
  usePolling(list.reload, POLL_MS);
  const button = may_act && (
    <button
      type="button"
      className="button main danger"
      onClick={() => ask(true)}
      data-testid="start-retirement"
    >
      Retire devices…
    </button>
  );
  return (
    <>
      <Head title="Retirements" acts={button}>
        <Total list={list} />
      </Head>
      <Panel title="Newest first" flush>
        <ListingTable
          list={list}
          label="Retirements"
          columns={COLUMNS}
          row={(retirement) => <Row key={retirement.id} retirement={retirement} now={now} />}
          empty={
            <Empty command="muster device retire DEVICE --reason WHY">
              No device has been sent into retirement. Each wipes itself, says so under its own key, and is
              revoked.
            </Empty>
          }
        />
      </Panel>
      {asks && <RetireManyDialog close={() => ask(false)} done={list.reload} />}
    </>
  );
}

function Row({ retirement, now }: { retirement: Retirement; now: number }) {
  const { id, state, reason, devices, requested_by, requested_at } = retirement;
  return (
    <tr data-testid="retirement-row" data-retirement={id} data-state={state}>
      <td>
        <Link to={to.retirement(id)}>{id}</Link>
      </td>
      <td>
        <RetirementTag state={state} />
      </td>
      <td className="grow-cell">{reason}</td>
      <td className="num">{count(devices)}</td>
      <td className="waves-column">
        <Bar label="Devices" parts={progress_of(retirement)} of={devices} />
        <span className="muted small">{state_of_affairs(retirement)}</span>
      </td>
      <td>{requested_by}</td>
      <td className="num muted">{ago(requested_at, now)}</td>
    </tr>
  );
}
