// Everything about one device on one screen: who it is, what it should run and what it says, what it
// measures, and what was ever decided about it.

import { useState } from "react";
import { path_of } from "../api/query_string";
import { useListing, useReading } from "../api/reading";
import type { Device, LedgerEntry, MetricNow } from "../api/types";
import { plural } from "../format/numbers";
import { moment } from "../format/times";
import { useCalm, useEvent, usePolling } from "../live/hooks";
import { Head } from "../parts/head";
import { Timeline } from "../parts/ledger_entries";
import { Empty, Notice, ProblemNotice } from "../parts/notice";
import { Panel } from "../parts/panel";
import { LifeTag, OnlineTag, RiskTag } from "../parts/tag";
import * as to from "../route/addresses";
import { Link } from "../route/link";
import { DeviceActs } from "./device_acts";
import { DeviceIdentity } from "./device_identity";
import { DeviceState } from "./device_state";
import { Metrics } from "./device_metrics";

const HISTORY = 200; // entries; older ones are in the ledger screen
const POLL_MS = 5_000;

export default function DeviceDetail({ id }: { id: string }) {
  const reading = useReading<Device>(path_of("devices", id));
  const history = useListing<LedgerEntry>(`${path_of("devices", id)}/history`, {}, HISTORY);
  const metrics = useReading<{ items: MetricNow[] }>(`${path_of("devices", id)}/metrics`);
  const [presence, set_presence] = useState<{ online: boolean; at: string | null }>();
  const again = useCalm(() => {
    reading.reload();
    history.reload();
  }, 150);

  useEvent<{ device: string; online: boolean; at: string | null }>("presence", (told) => {
    if (told.device === id) set_presence(told);
  });
  useEvent<LedgerEntry>("ledger", (entry) => {
    if (entry.target === `device/${id}`) again();
  });
  usePolling(() => {
    metrics.reload();
    set_presence(undefined);
    reading.reload();
  }, POLL_MS);

  const up = { to: to.devices(), name: "Devices" };
  if (!reading.value)
    return (
      <>
        <Head title={id} up={up} />
        {reading.problem?.status === 404 ? (
          <Empty command={`muster device expect --id ${id} --model MODEL`}>
            No device of this name is known.
          </Empty>
        ) : (
          <ProblemNotice problem={reading.problem} retry={reading.reload} />
        )}
      </>
    );

  const device = presence
    ? { ...reading.value, online: presence.online, last_seen: presence.at ?? reading.value.last_seen }
    : reading.value;
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
          <DeviceIdentity device={device} />
          <DeviceState device={device} />
        </div>
        <div className="column">
          <Metrics id={id} metrics={metrics.value?.items} problem={metrics.problem} />
          <Panel
            title="History"
            aside={
              history.items.length >= HISTORY
                ? `newest ${HISTORY}`
                : plural(history.items.length, "ledger entry", "ledger entries")
            }
            flush
          >
            {history.items.length === 0 && !history.busy && (
              <p className="empty">Nothing has been decided about this device.</p>
            )}
            <Timeline entries={history.items} />
            {history.items.length >= HISTORY && (
              <div className="table-foot">
                <Link to={to.audit({ target: `device/${id}` })}>Older entries in the ledger</Link>
              </div>
            )}
          </Panel>
        </div>
      </div>
    </>
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
