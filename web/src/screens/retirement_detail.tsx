// One retirement: who asked and who approved, and each of its devices.

import { useState } from "react";
import { path_of } from "../api/query_string";
import { useListing, useReading } from "../api/reading";
import type { Retirement, RetirementCase } from "../api/retirement_types";
import { plural } from "../format/numbers";
import { asked_by, progress_of, state_of_affairs } from "../format/retirements";
import { ago, moment, span } from "../format/times";
import { useCalm, useEvent, useNow, usePolling } from "../live/hooks";
import { Bar, Key } from "../parts/bar";
import { Head } from "../parts/head";
import { ListingTable } from "../parts/listing";
import { Notice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct, useName } from "../parts/session";
import { RetirementStepTag, RetirementTag } from "../parts/tag";
import { Unavailable } from "../parts/unavailable";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { ApproveRetirement, RejectRetirement } from "./retirement_acts";

const POLL_MS = 10_000;
const COLUMNS = [
  { name: "Device" },
  { name: "Step" },
  { name: "Ordered, UTC", className: "num" },
  { name: "Deadline", className: "num" },
  { name: "Ended, UTC", className: "num" },
];

export default function RetirementDetail({ id }: { id: string }) {
  const reading = useReading<Retirement>(path_of("retirements", id));
  const devices = useListing<RetirementCase>(`${path_of("retirements", id)}/devices`, {}, 200);
  const reload = () => {
    reading.reload();
    devices.reload();
  };
  const again = useCalm(reload, 500);
  useEvent<Retirement>("retirement", (told) => String(told.id) === id && again());
  usePolling(reload, POLL_MS);
  const { value: retirement, problem } = reading;
  const up = { to: to.retirements(), name: "Retirements" };
  if (!retirement)
    return (
      <Unavailable title={id} up={up} problem={problem} retry={reload} command="muster retirement list">
        No retirement has this number.
      </Unavailable>
    );
  return (
    <>
      <Head
        title={`Retirement ${retirement.id}`}
        up={up}
        acts={<Acts retirement={retirement} done={reload} />}
      >
        <RetirementTag state={retirement.state} boxed testid="retirement-state" />
        <span className="sub">{plural(retirement.devices, "device", "devices")}</span>
      </Head>
      {retirement.state === "waiting" && (
        <Notice tone="warn">
          <strong>Another operator has to approve it.</strong>
          <span>Its devices go on as they are until then.</span>
        </Notice>
      )}
      <div className="rollout">
        <div className="column">
          <Progress retirement={retirement} />
          <Panel title="Devices" flush>
            <ListingTable
              list={devices}
              label="Devices"
              columns={COLUMNS}
              empty={<p className="empty">None.</p>}
              row={(each) => <Row key={each.device} each={each} />}
            />
          </Panel>
        </div>
        <div className="column">
          <Facts retirement={retirement} />
        </div>
      </div>
    </>
  );
}

function Progress({ retirement }: { retirement: Retirement }) {
  const parts = progress_of(retirement);
  return (
    <Panel title="How far" aside={state_of_affairs(retirement)} testid="retirement-progress">
      <Bar size="tall" label="Devices" parts={parts} of={retirement.devices} />
      <div className="keys gap">
        {parts.map((part) => (
          <Key key={part.name} {...part} />
        ))}
      </div>
    </Panel>
  );
}

function Row({ each }: { each: RetirementCase }) {
  const now = useNow(5000);
  return (
    <tr data-testid="case-row" data-device={each.device} data-step={each.step}>
      <td className="clip id">
        <Link to={to.device(each.device)}>{each.device}</Link>
      </td>
      <td>
        <RetirementStepTag step={each.step} />
      </td>
      <td className="num muted">{moment(each.ordered_at)}</td>
      <td className="num muted">
        {each.step === "wiping" ? ago(each.deadline, now) : moment(each.deadline)}
      </td>
      <td className="num muted">{moment(each.ended_at)}</td>
    </tr>
  );
}

function Facts({ retirement }: { retirement: Retirement }) {
  const { reason, selector, deadline_s, requested_by, requested_at, decided_by, decided_at, why } =
    retirement;
  return (
    <Panel title="Who, and why">
      <dl className="facts">
        <dt>Reason</dt>
        <dd>“{reason}”</dd>
        <dt>Asked by</dt>
        <dd>
          {requested_by}, {moment(requested_at)} UTC
        </dd>
        {selector && (
          <>
            <dt>Chosen by</dt>
            <dd className="mono break">{selector}</dd>
          </>
        )}
        <dt>Time to wipe</dt>
        <dd>{deadline_s ? span(deadline_s) : "as the model says"}</dd>
        <dt>Second operator</dt>
        <dd>{retirement.second_operator ? "needed" : "not needed"}</dd>
        {decided_by && (
          <>
            <dt>{retirement.state === "rejected" ? "Rejected by" : "Approved by"}</dt>
            <dd>
              {decided_by}, {moment(decided_at)} UTC{why && <div>“{why}”</div>}
            </dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function Acts({ retirement, done }: { retirement: Retirement; done: () => void }) {
  const [act, set_act] = useState<"approve" | "reject">();
  const may_act = useMayAct("admin");
  const mine = asked_by(retirement, useName());
  if (!may_act || retirement.state !== "waiting") return null;
  const props = { retirement, done, close: () => set_act(undefined) };
  return (
    <>
      <button type="button" className="button" onClick={() => set_act("reject")} data-testid="act-reject">
        Reject…
      </button>
      <button
        type="button"
        className="button main danger"
        disabled={mine}
        title={mine ? "You asked for it: another operator has to approve it." : undefined}
        onClick={() => set_act("approve")}
        data-testid="act-approve"
      >
        Approve…
      </button>
      {act === "approve" && <ApproveRetirement {...props} />}
      {act === "reject" && <RejectRetirement {...props} />}
    </>
  );
}
