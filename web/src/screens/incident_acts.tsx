import { useState } from "react";
import { post } from "../api/client";
import { path_of } from "../api/query_string";
import type { Device, Incident } from "../api/types";
import { announce } from "../parts/announce";
import { ReasonDialog } from "../parts/reason_dialog";
import { useMayAct } from "../parts/session";
import { Decision } from "./device_acts";

interface Props {
  incident: Incident;
  device: Device | undefined;
  done: () => void;
}

export function IncidentActs({ incident, device, done }: Props) {
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
