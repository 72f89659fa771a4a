// Everything about one device on one screen: who it is, what it should run and what it says, what it
// measures, and what was ever decided about it.

import { useState } from "react";
import { path_of } from "../api/query_string";
import { useListing, useReading, type Listing, type Reading } from "../api/reading";
import type { Device, LedgerEntry, MetricNow, Presence } from "../api/types";
import { plural } from "../format/numbers";
import { moment } from "../format/times";
import { useCalm, useEvent, usePolling } from "../live/hooks";
import { Head } from "../parts/head";
import { Timeline } from "../parts/ledger_entries";
import { Notice, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { LifeTag, OnlineTag, RiskTag } from "../parts/tag";
import { Unavailable } from "../parts/unavailable";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { DeviceActs } from "./device_acts";
import { DeviceAttestation } from "./device_attestation";
import { DeviceCertificates } from "./device_certificates";
import { DeviceIdentity } from "./device_identity";
import { DeviceRetirement } from "./device_retirement";
import { DeviceState } from "./device_state";
import { Metrics } from "./device_metrics";

const HISTORY = 200; // entries; older ones are in the ledger screen
const POLL_MS = 5_000;

// As the event stream last told it, until it is read again.
function useDevice(id: string): Reading<Device> {
  const reading = useReading<Device>(path_of("devices", id));
  const [told, tell] = useState<Presence>();
  useEvent<Presence>("presence", (presence) => {
    if (presence.device === id) tell(presence);
  });
  usePolling(() => {
    tell(undefined);
    reading.reload();
  }, POLL_MS);
  const known = reading.value;
  if (!known || !told) return reading;
  return { ...reading, value: { ...known, online: told.online, last_seen: told.at ?? known.last_seen } };
}

export default function DeviceDetail({ id }: { id: string }) {
  const reading = useDevice(id);
  const history = useListing<LedgerEntry>(`${path_of("devices", id)}/history`, {}, HISTORY);
  const metrics = useReading<{ items: MetricNow[] }>(`${path_of("devices", id)}/metrics`);
  usePolling(metrics.reload, POLL_MS);
  const again = useCalm(() => {
    reading.reload();
    history.reload();
  }, 150);
  useEvent<LedgerEntry>("ledger", (entry) => {
    if (entry.target === `device/${id}`) again();
  });

  const { value: device, problem, reload } = reading;
  const up = { to: to.devices(), name: "Devices" };
  const expect = `muster device expect --id ${id} --model MODEL`;
  if (!device)
    return (
      <Unavailable title={id} up={up} problem={problem} retry={reload} command={expect}>
        No device of this name is known.
      </Unavailable>
    );
  return (
    <>
      <Head title={device.id} up={up} acts={<DeviceActs device={device} done={again} />}>
        <LifeTag state={device.state} boxed testid="device-state" />
        <OnlineTag online={device.online} boxed testid="device-online" />
        <RiskTag risk={device.risk} boxed />
      </Head>
      <Isolation device={device} />
      <div className="device">
        <div className="column">
          <DeviceRetirement device={device} done={again} />
          <DeviceIdentity device={device} />
          <DeviceState device={device} />
          <DeviceAttestation device={device} />
          <DeviceCertificates id={id} />
        </div>
        <div className="column">
          <Metrics id={id} metrics={metrics.value?.items} problem={metrics.problem} />
          <History id={id} list={history} />
        </div>
      </div>
    </>
  );
}

function History({ id, list }: { id: string; list: Listing<LedgerEntry> }) {
  const { length } = list.items;
  const cut = length >= HISTORY;
  return (
    <Panel
      title="History"
      aside={cut ? `newest ${HISTORY}` : plural(length, "ledger entry", "ledger entries")}
      flush
    >
      <ProblemNotice problem={list.problem} retry={list.reload} />
      {length === 0 && !list.busy && !list.problem && (
        <p className="empty">Nothing has been decided about this device.</p>
      )}
      <Timeline entries={list.items} />
      {cut && (
        <div className="table-foot">
          <Link to={to.audit({ target: `device/${id}` })}>Older entries in the ledger</Link>
        </div>
      )}
    </Panel>
  );
}

function Isolation({ device }: { device: Device }) {
  if (!device.isolation) return null;
  const { reason, since, incident } = device.isolation;
  return (
    <Notice tone="warn">
      <strong>Isolated since {moment(since)} UTC.</strong>
      <span className="break">{reason}</span>
      {incident && <Link to={to.incident(incident)}>Incident {incident}</Link>}
    </Notice>
  );
}
