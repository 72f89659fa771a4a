// The fleet at a glance. Every figure leads to the list it counts.

import { useListing } from "../api/reading";
import { literal } from "../api/query_string";
import type { Fleet, Incident, LedgerEntry, Lifecycle, Risk, Rollout } from "../api/types";
import { Spark } from "../charts/spark";
import { count, percent, plural, rate, short_hash } from "../format/numbers";
import { standing } from "../format/outcomes";
import { ago, clock, moment } from "../format/times";
import { RATE_POINTS, useFleet } from "../live/fleet";
import { useCalm, useEvent, useNow } from "../live/hooks";
import { Bar } from "../parts/bar";
import { Head } from "../parts/head";
import { TargetLink } from "../parts/ledger_entries";
import { Empty, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { LifeTag, RiskTag, RolloutTag } from "../parts/tag";
import { WaveStrip } from "../parts/wave_bar";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { useEntries } from "./audit_entries";
import { FirmwarePanel } from "./overview_firmware";
import { useLiveRollouts } from "./live_rollouts";

const STATES: Lifecycle[] = ["active", "expected", "quarantined", "retiring", "revoked-unsanitised", "retired"];
const RISKS: Risk[] = ["critical", "high", "moderate", "low"];

export function Overview() {
  const { fleet, rates, problem } = useFleet();
  if (!fleet)
    return (
      <>
        <Head title="Overview" />
        {problem ? <ProblemNotice problem={problem} /> : <p className="muted">Reading the fleet…</p>}
      </>
    );
  return (
    <>
      <Head title="Overview">
        <span className="sub">{plural(fleet.devices.total, "device", "devices")}</span>
      </Head>
      {fleet.devices.total === 0 ? <FirstSteps /> : null}
      <div className="overview">
        <DevicesPanel fleet={fleet} />
        <RiskPanel fleet={fleet} />
        <RatePanel fleet={fleet} rates={rates} />
        <RolloutsPanel />
        <IncidentsPanel open={fleet.incidents_open} />
        <FirmwarePanel rows={fleet.by_firmware} />
        <div className="side span-5">
          <CertificatesPanel fleet={fleet} />
          <LedgerPanel fleet={fleet} />
          <DecisionsPanel />
        </div>
      </div>
    </>
  );
}

function FirstSteps() {
  return (
    <Panel title="The field is empty">
      <Empty command="muster device expect --id meter-1 --model meter">
        Tell Muster which device to expect. It prints a token with which the device enrols, once.
      </Empty>
    </Panel>
  );
}

function DevicesPanel({ fleet }: { fleet: Fleet }) {
  const { devices } = fleet;
  const connected = devices.total - devices.by_state.retired - devices.by_state["revoked-unsanitised"];
  return (
    <Panel title="Devices" className="span-5" testid="panel-devices">
      <div className="figures">
        <Link to={to.devices()} className="figure">
          <b>{count(devices.total)}</b> in all
        </Link>
        <Link to={to.devices({ selector: "online == true" })} className="figure">
          <b data-testid="fleet-online">{count(devices.online)}</b> online{" "}
          <span className="muted">({percent(devices.online, connected)})</span>
        </Link>
      </div>
      <Bar label="Devices by state" parts={STATES.map((name) => ({ name, n: devices.by_state[name] }))} />
      <ul className="rows four">
        {STATES.map((state) => (
          <li key={state}>
            <Link to={to.devices({ state })} data-testid={`fleet-${state}`}>
              <LifeTag state={state} />
              <b>{count(devices.by_state[state])}</b>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function RiskPanel({ fleet }: { fleet: Fleet }) {
  const most = Math.max(1, ...RISKS.map((risk) => fleet.by_risk[risk]));
  return (
    <Panel title="Risk" aside="without retired" className="span-3">
      <ul className="rows">
        {RISKS.map((risk) => (
          <li key={risk}>
            <Link
              to={to.devices({ selector: `risk == ${literal(risk)} && state != "retired"` })}
              className="barred"
            >
              <RiskTag risk={risk} />
              <Bar size="thin" label={risk} parts={[{ name: "plain", n: fleet.by_risk[risk] }]} of={most} />
              <b>{count(fleet.by_risk[risk])}</b>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function RatePanel({ fleet, rates }: { fleet: Fleet; rates: number[] }) {
  const now = rates.at(-1);
  return (
    <Panel title="Messages" aside={`${count(fleet.messages_total)} since start`} className="span-4">
      <div className="figures">
        <span className="figure">
          <b data-testid="message-rate">{now === undefined ? "–" : rate(now)}</b> a second
        </span>
        <span className="figure minor">
          <b>{count(fleet.readings_total)}</b> readings kept
        </span>
      </div>
      <Spark
        values={rates}
        points={Math.min(RATE_POINTS, Math.max(30, rates.length))}
        label="Messages a second since this page was opened"
      />
    </Panel>
  );
}

function RolloutsPanel() {
  const list = useLiveRollouts(20);
  const now = useNow();
  const live = list.items.filter((r) => ["running", "paused", "reverting"].includes(r.state));
  const shown = live.length > 0 ? live.slice(0, 4) : list.items.slice(0, 2);
  return (
    <Panel title="Rollouts" aside={<Link to={to.rollouts()}>All rollouts</Link>} className="span-7">
      <ProblemNotice problem={list.problem} retry={list.reload} />
      {shown.length === 0 && !list.busy && !list.problem && (
        <Empty command="muster rollout start --release R --selector 'all' --waves 2%,10%,100% --soak 30s">
          No rollout has been started.
        </Empty>
      )}
      <ul className="stack">
        {shown.map((rollout) => (
          <RolloutLine key={rollout.id} rollout={rollout} now={now} />
        ))}
      </ul>
    </Panel>
  );
}

function RolloutLine({ rollout, now }: { rollout: Rollout; now: number }) {
  return (
    <li>
      <div className="line">
        <Link to={to.rollout(rollout.id)}>
          <strong>
            {rollout.release.model} {rollout.release.version}
          </strong>
        </Link>
        <RolloutTag state={rollout.state} />
        <span className="muted small end">{ago(rollout.started_at, now)}</span>
      </div>
      <WaveStrip rollout={rollout} />
      <p className="muted small">
        {rollout.state === "running" ? standing(rollout, now) : rollout.reason || standing(rollout, now)}
      </p>
    </li>
  );
}

function IncidentsPanel({ open }: { open: number }) {
  const list = useListing<Incident>("/incidents", { state: "open" }, 5);
  const again = useCalm(list.reload, 200);
  const now = useNow(5000);
  useEvent<LedgerEntry>("ledger", (entry) => entry.action.startsWith("incident.") && again());
  return (
    <Panel
      title="Open incidents"
      aside={
        <Link to={to.incidents({ state: "open" })}>{open > 5 ? `All ${count(open)}` : "All incidents"}</Link>
      }
      className="span-5"
    >
      <ProblemNotice problem={list.problem} retry={list.reload} />
      {list.items.length === 0 && !list.busy && !list.problem && (
        <p className="muted">None. Every device behaves as its model says.</p>
      )}
      <ul className="stack tight">
        {list.items.map((incident) => (
          <li key={incident.id} className="line">
            <RiskTag risk={incident.severity} />
            <Link to={to.incident(incident.id)}>{incident.device}</Link>
            <span className="clip muted grow">{incident.reason}</span>
            <span className="muted small nowrap">{ago(incident.opened_at, now)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function CertificatesPanel({ fleet }: { fleet: Fleet }) {
  const { certificates } = fleet;
  const kinds = ["valid", "expiring", "expired", "revoked"] as const;
  return (
    <Panel title="Certificates">
      <ul className="rows">
        {kinds.map((kind) => (
          <li key={kind}>
            <span className="key">
              <i data-part={kind === "valid" ? "good" : kind} />
              {kind}
            </span>
            <b>{count(certificates[kind])}</b>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function LedgerPanel({ fleet }: { fleet: Fleet }) {
  const { ledger } = fleet;
  return (
    <Panel title="Ledger head" aside={<Link to={to.audit()}>Explore and verify</Link>}>
      <div className="figures">
        <span className="figure">
          <b data-testid="ledger-size">{count(ledger.size)}</b> entries
        </span>
      </div>
      <dl className="facts">
        <dt>Root</dt>
        <dd className="mono" title={ledger.root}>
          {short_hash(ledger.root, 16)}
        </dd>
        <dt>Signed</dt>
        <dd>{moment(ledger.at)}</dd>
      </dl>
    </Panel>
  );
}

const DECISIONS_SHOWN = 6;

function DecisionsPanel() {
  const { entries, busy, problem, reload } = useEntries("", null);
  return (
    <Panel title="Latest decisions" className="wide" flush>
      <ProblemNotice problem={problem} retry={reload} />
      {entries.length === 0 && !busy && !problem && <p className="empty">Nothing has been decided yet.</p>}
      <div className="scroll-x">
        <table className="table snug" aria-label="Latest decisions">
          <tbody>
            {entries.slice(0, DECISIONS_SHOWN).map((entry) => (
              <tr key={entry.index} data-testid="decision-row">
                <td className="muted small nowrap">{clock(entry.at)}</td>
                <td className="nowrap">{entry.action}</td>
                <td className="clip id">
                  <TargetLink target={entry.target} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
