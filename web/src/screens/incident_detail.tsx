// One incident: what was found, what was done, and how its device stands now.

import { path_of } from "../api/query_string";
import { useReading } from "../api/reading";
import type { Device, Finding, Incident, LedgerEntry } from "../api/types";
import { expected } from "../format/findings";
import { measure } from "../format/numbers";
import { lasted, moment } from "../format/times";
import { useCalm, useEvent, useNow } from "../live/hooks";
import { Head } from "../parts/head";
import { Notice, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { TableHead } from "../parts/table_head";
import { IncidentTag, LifeTag, OnlineTag, RiskTag } from "../parts/tag";
import { Unavailable } from "../parts/unavailable";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { IncidentActs } from "./incident_acts";

const FOUND = [
  { name: "Feature" },
  { name: "Value", className: "num" },
  { name: "Expected" },
  { name: "At, UTC", className: "num" },
];

export function IncidentDetail({ id }: { id: string }) {
  const { value: incident, problem, reload } = useReading<Incident>(path_of("incidents", id));
  const device = useReading<Device>(incident ? path_of("devices", incident.device) : null);
  const again = useCalm(() => {
    reload();
    device.reload();
  }, 150);
  useEvent<LedgerEntry>("ledger", ({ target }) => {
    if (target === `incident/${id}` || (incident && target === `device/${incident.device}`)) again();
  });

  const up = { to: to.incidents(), name: "Incidents" };
  if (!incident)
    return (
      <Unavailable title={id} up={up} problem={problem} retry={reload} command="muster incident list">
        No incident has this number.
      </Unavailable>
    );
  const acts = <IncidentActs incident={incident} device={device.value} done={again} />;
  return (
    <>
      <Head title={`Incident ${incident.id}`} up={up} acts={acts}>
        <IncidentTag state={incident.state} boxed testid="incident-state" />
        <RiskTag risk={incident.severity} boxed />
        <Lasted incident={incident} />
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
            <Steps steps={incident.steps} />
          </Panel>
        </div>
        <div className="column">
          <Summary incident={incident} device={device.value} />
          <ProblemNotice problem={device.value ? undefined : device.problem} retry={device.reload} />
        </div>
      </div>
    </>
  );
}

function Lasted({ incident }: { incident: Incident }) {
  const now = useNow();
  return (
    <span className="sub">
      {incident.state === "open" ? "open for" : "lasted"}{" "}
      {lasted(incident.opened_at, incident.closed_at, now)}
    </span>
  );
}

function Steps({ steps }: { steps: Incident["steps"] }) {
  return (
    <ol className="steps" data-testid="incident-steps">
      {steps.map((step, i) => (
        <li key={i} data-step={step.step}>
          <time dateTime={step.at}>{moment(step.at)}</time>
          <div className="break">
            <span className="what">{step.step}</span> <span className="bywhom">by {step.by}</span>
            {step.detail && <div>{step.detail}</div>}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Summary({ incident, device }: { incident: Incident; device: Device | undefined }) {
  return (
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
        {device && (
          <>
            <dt>Stands</dt>
            <dd data-testid="incident-device-state">
              <LifeTag state={device.state} /> · <OnlineTag online={device.online} />
            </dd>
            <dt>Model</dt>
            <dd>
              {device.model} <span className="mono">{device.firmware}</span>
            </dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function Findings({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) return <p className="empty">No finding: a person opened this incident.</p>;
  return (
    <div className="scroll-x">
      <table className="table" aria-label="Findings" data-testid="findings">
        <TableHead columns={FOUND} />
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
