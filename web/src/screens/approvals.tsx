// Devices that a trusted maker vouches for and nobody expects: they wait for an operator's word.

import { useState } from "react";
import type { ParkedDevice } from "../api/identity_types";
import { useListing } from "../api/reading";
import { short_hash } from "../format/numbers";
import { ago } from "../format/times";
import { useNow } from "../live/hooks";
import { Choice } from "../parts/choice";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import * as to from "../route/addresses";
import { go, usePlace } from "../route/router";
import { ApproveDialog, RejectDialog } from "./approval_acts";
import { useParking } from "./waiting";

const STATES = [
  ["waiting", "waiting"],
  ["rejected", "rejected"],
] as const;
const COLUMNS = [
  { name: "Serial number" },
  { name: "Maker" },
  { name: "Model" },
  { name: "Birth certificate" },
  { name: "From" },
  { name: "Since", className: "num" },
  { name: "Acts", unseen: true },
];

type Act = { device: ParkedDevice; approve: boolean };

export default function Approvals() {
  const rejected = usePlace().searchParams.get("state") === "rejected";
  const state = rejected ? "rejected" : "waiting";
  const list = useListing<ParkedDevice>("/enrolments", { state });
  const [act, set_act] = useState<Act>();
  const may_act = useMayAct();
  const now = useNow(5000);
  useParking(list.reload);
  const close = () => set_act(undefined);
  const choice = (
    <Choice
      label="State"
      options={STATES}
      value={state}
      choose={(state) => go(to.approvals({ state }), "replace")}
    />
  );
  return (
    <>
      <Head title="Approvals" acts={choice}>
        <Total list={list} />
      </Head>
      <Panel
        title={rejected ? "Refused whenever they ask, for 90 days" : "Waiting for a word, longest first"}
        flush
      >
        <ListingTable
          list={list}
          label="Devices that nobody expects"
          columns={COLUMNS}
          empty={
            <Empty command="muster enrol profile set default --unknown park">
              {rejected ? "No device has been rejected." : "No device waits."} Devices of trusted makers that
              nobody expects are refused, or wait here where the profile says so.
            </Empty>
          }
          row={(device) => (
            <Row
              key={device.id}
              device={device}
              now={now}
              act={may_act ? (approve) => set_act({ device, approve }) : undefined}
            />
          )}
        />
      </Panel>
      {act?.approve && <ApproveDialog device={act.device} close={close} done={list.reload} />}
      {act && !act.approve && <RejectDialog device={act.device} close={close} done={list.reload} />}
    </>
  );
}

interface RowProps {
  device: ParkedDevice;
  now: number;
  act: ((approve: boolean) => void) | undefined; // undefined: not for this role
}

function Row({ device, now, act }: RowProps) {
  return (
    <tr data-testid="parked-row" data-serial={device.serial}>
      <td className="mono break">
        <strong>{device.serial}</strong>
      </td>
      <td>{device.maker}</td>
      <td>{device.model ?? <span className="muted">one of several</span>}</td>
      <td className="mono" title={device.certificate}>
        {short_hash(device.certificate, 16)}
      </td>
      <td className="mono">{device.from}</td>
      <td className="num muted">{ago(device.since, now)}</td>
      <td className="num">
        {act && (
          <button type="button" className="button plain" onClick={() => act(true)} data-testid="act-approve">
            Approve…
          </button>
        )}
        {act && device.state === "waiting" && (
          <button type="button" className="button plain" onClick={() => act(false)} data-testid="act-reject">
            Reject…
          </button>
        )}
      </td>
    </tr>
  );
}
