import { useState } from "react";
import { post } from "../api/client";
import { path_of } from "../api/query_string";
import { useReading } from "../api/reading";
import type { Device, Finding, Incident, LedgerEntry } from "../api/types";
import { expected } from "../format/findings";
import { measure } from "../format/numbers";
import { moment, span } from "../format/times";
import { useCalm, useEvent, useNow } from "../live/hooks";
import { announce } from "../parts/announce";
import { Head } from "../parts/head";
import { Empty, Notice, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { ReasonDialog } from "../parts/reason_dialog";
import { useMayAct } from "../parts/session";
import { IncidentTag, LifeTag, OnlineTag, RiskTag } from "../parts/tag";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { Decision } from "./device_acts";

export function IncidentDetail({ id }: { id: string }) {
  const reading = useReading<Incident>(path_of("incidents", id));
  const incident = reading.value;
  const device = useReading<Device>(incident ? path_of("devices", incident.device) : null);
  const now = useNow();
  const again = useCalm(() => {
    reading.reload();
    device.reload();
  }, 150);
  useEvent<LedgerEntry>("ledger", ({ target }) => {
    if (target === `incident/${id}` || (incident && target === `device/${incident.device}`)) again();
  });

  const up = { to: to.incidents(), name: "Incidents" };
  if (!incident)
    return (
      <>
        <Head title={id} up={up} />
        {reading.problem?.status === 404 ? (
          <Empty command="muster incident list">No incident has this number.</Empty>
        ) : (
          <ProblemNotice problem={reading.problem} retry={reading.reload} />
        )}
      </>
    );
  const end = incident.closed_at ? Date.parse(incident.closed_at) : now;
  return (
    <>
      <Head
        title={`Incident ${incident.id}`}
        up={up}
        acts={<IncidentActs incident={incident} device={device.value} done={again} />}
      >
        <IncidentTag state={incident.state} boxed testid="incident-state" />
        <RiskTag risk={incident.severity} boxed />
        <span className="sub">
          {incident.state === "open" ? "open for" : "lasted"}{" "}
          {span((end - Date.parse(incident.opened_at)) / 1000)}
        </span>
      </Head>
      {incident.state === "open" && device.value?.state === "quarantined" && (
        <Notice tone="warn">
          {incident.device} is isolated because of this incident. Release or retire it; the incident can be
          closed after that.
        </Notice>
      )}
      <div className="rollout">
        <div className="column">
          <Panel title="What was found" flush>
            <Findings findings={incident.findings} />
          </Panel>
          <Panel title="What was done" flush>
            <ol className="steps" data-testid="incident-steps">
              {incident.steps.map((step, i) => (
                <li key={i} data-step={step.step}>
                  <time dateTime={step.at}>{moment(step.at)}</time>
                  <div className="break">
                    <span className="what">{step.step}</span> <span className="bywhom">by {step.by}</span>
                    {step.detail && <div>{step.detail}</div>}
                  </div>
                </li>
              ))}
            </ol>
          </Panel>
        </div>
        <div className="column">
          <Panel title="Summary">
            <dl className="facts">
              <dt>Reason</dt>
              <dd>{incident.reason || "–"}</dd>
              <dt>Opened</dt>
              <dd>{moment(incident.opened_at)} UTC</dd>
              <dt>Closed</dt>
              <dd>{incident.closed_at ? `${moment(incident.closed_at)} UTC` : "–"}</dd>
              <dt>Device</dt>
              <dd>
                <Link to={to.device(incident.device)}>{incident.device}</Link>
              </dd>
              {device.value && (
                <>
                  <dt>Stands</dt>
                  <dd data-testid="incident-device-state">
                    <LifeTag state={device.value.state} /> · <OnlineTag online={device.value.online} />
                  </dd>
                  <dt>Model</dt>
                  <dd>
                    {device.value.model} <span className="mono">{device.value.firmware}</span>
                  </dd>
                </>
              )}
            </dl>
          </Panel>
        </div>
      </div>
    </>
  );
}

function Findings({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) return <p className="empty">No finding: a person opened this incident.</p>;
  return (
    <div className="scroll-x">
      <table className="table" data-testid="findings">
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col" className="num">
              Value
            </th>
            <th scope="col">Expected</th>
            <th scope="col" className="num">
              At, UTC
            </th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding, i) => (
            <tr key={i}>
              <td className="grow-cell">
                {finding.feature} {finding.metric && <span className="mono">{finding.metric}</span>}
                {finding.words && <div className="muted small">{finding.words}</div>}
              </td>
              <td className="num">
                <strong>{typeof finding.value === "number" ? measure(finding.value) : finding.value}</strong>
              </td>
              <td className="nowrap">{expected(finding)}</td>
              <td className="num muted">{moment(finding.at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function IncidentActs({
  incident,
  device,
  done,
}: {
  incident: Incident;
  device: Device | undefined;
  done: () => void;
}) {
  const [act, set_act] = useState<"release" | "close">();
  if (!useMayAct() || incident.state === "closed") return null;
  const isolated = device?.state === "quarantined";
  async function close_it(reason: string) {
    await post(`${path_of("incidents", incident.id)}/close`, { reason });
    announce(`Incident ${incident.id} is closed.`);
    done();
  }
  return (
    <>
      {isolated && (
        <button
          type="button"
          className="button main"
          onClick={() => set_act("release")}
          data-testid="act-release"
        >
          Release the device…
        </button>
      )}
      <button
        type="button"
        className="button"
        disabled={isolated}
        onClick={() => set_act("close")}
        data-testid="act-close"
      >
        Close…
      </button>
      {act === "release" && device && (
        <Decision act="release" device={device} close={() => set_act(undefined)} done={done} />
      )}
      {act === "close" && (
        <ReasonDialog
          title={`Close incident ${incident.id}`}
          verb="Close"
          act={close_it}
          close={() => set_act(undefined)}
        >
          Nothing more is done about it. A new finding opens a new incident.
        </ReasonDialog>
      )}
    </>
  );
}
