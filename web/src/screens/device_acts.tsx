import { useState } from "react";
import { post } from "../api/client";
import { path_of } from "../api/query_string";
import type { Device, EnrolmentToken } from "../api/types";
import { moment } from "../format/times";
import { announce } from "../parts/announce";
import { Dialog } from "../parts/dialog";
import { Command } from "../parts/notice";
import { ReasonDialog } from "../parts/reason_dialog";
import { useMayAct } from "../parts/session";

type Act = "isolate" | "release" | "retire" | "token";

export function DeviceActs({ device, done }: { device: Device; done: () => void }) {
  const [act, set_act] = useState<Act>();
  const [may_act, may_retire] = [useMayAct(), useMayAct("admin")];
  if (!may_act) return null;
  const close = () => set_act(undefined);
  const { state } = device;
  const button = (name: Act, text: string, danger = false) => (
    <button
      type="button"
      className={danger ? "button danger" : "button"}
      onClick={() => set_act(name)}
      data-testid={`act-${name}`}
    >
      {text}
    </button>
  );
  const leaving = state === "retiring" || state === "revoked-unsanitised" || state === "retired";
  return (
    <>
      {!leaving && button("token", "New token…")}
      {state === "quarantined" && button("release", "Release…")}
      {state === "active" && button("isolate", "Isolate…", true)}
      {may_retire && !leaving && button("retire", "Retire…", true)}
      {act === "token" && <TokenDialog device={device} close={close} />}
      {act && act !== "token" && <Decision act={act} device={device} close={close} done={done} />}
    </>
  );
}

const WORDS = {
  isolate: {
    verb: "Isolate",
    danger: true,
    what: "Its sessions are cut now and it is let back in only by a release. The answer comes when the cut has been pushed. An incident is opened.",
  },
  release: {
    verb: "Release",
    danger: false,
    what: "It may connect again with all its rights. Its open incident is closed.",
  },
  retire: {
    verb: "Retire",
    danger: true,
    what: "This is final: it is ordered to wipe itself, and retired when it has said so by its key; its certificates are revoked then, or at the deadline, and it never enrols again. Where its model wants a second operator, it waits for one. Its history stays in the ledger.",
  },
} as const;

interface DecisionProps {
  act: Exclude<Act, "token">;
  device: Device;
  close: () => void;
  done: () => void;
}

export function Decision({ act, device, close, done }: DecisionProps) {
  const { verb, danger, what } = WORDS[act];
  async function decide(reason: string) {
    await post(`${path_of("devices", device.id)}/${act}`, { reason });
    announce(`${device.id}: ${act} done.`);
    done();
  }
  return (
    <ReasonDialog
      title={`${verb} ${device.id}`}
      verb={verb}
      danger={danger}
      act={decide}
      close={close}
      {...(act === "retire" && { type_to_confirm: device.id })}
    >
      {what}
    </ReasonDialog>
  );
}

// A token is shown once and kept nowhere.
function TokenDialog({ device, close }: { device: Device; close: () => void }) {
  const [made, set_made] = useState<EnrolmentToken>();
  if (made)
    return (
      <Dialog key="made" title={`Token for ${device.id}`} verb="Done" close={close} submit={async () => {}}>
        <p className="muted">
          Shown this once. The device enrols with it over EST: user is the id, password is the token.
        </p>
        <Command text={made.token} />
        {made.token_expires_at && <p className="muted">Good until {moment(made.token_expires_at)} UTC.</p>}
      </Dialog>
    );
  return (
    <Dialog
      key="ask"
      title={`New token for ${device.id}`}
      verb="Make token"
      close={close}
      stay
      submit={async () => set_made(await post<EnrolmentToken>(`${path_of("devices", device.id)}/token`))}
    >
      <p className="muted">
        A one-time token lets the device enrol, or enrol again after it lost its key. An earlier unused token
        stops working.
      </p>
    </Dialog>
  );
}
