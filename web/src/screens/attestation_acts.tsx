import { useState } from "react";
import { post, remove } from "../api/client";
import type { AttestationPolicy, Register } from "../api/identity_types";
import { path_of, query_string } from "../api/query_string";
import type { Device } from "../api/types";
import { pcrs_of } from "../format/registers";
import { announce } from "../parts/announce";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";

const HOUR = 3600;

interface LearnProps {
  device: Device;
  registers: Register[];
  close: () => void;
}

// What this device showed last becomes what every device of its model should show.
export function LearnDialog({ device, registers, close }: LearnProps) {
  const [pcrs, set_pcrs] = useState(() => pcrs_of(registers));
  const [hours, set_hours] = useState("24");
  const [isolate, set_isolate] = useState(false);
  const every_s = Math.round(Number(hours) * HOUR);
  async function learn() {
    const body = { model: device.model, pcrs: pcrs.trim(), learn: device.id, every_s, isolate };
    await post<AttestationPolicy>("/attestation/policies", body);
    announce(`This boot is what is expected of every ${device.model} now.`);
  }
  return (
    <Dialog
      title={`Expect this boot of every ${device.model}`}
      verb="Expect it"
      ready={pcrs.trim() !== "" && every_s >= 60}
      close={close}
      submit={learn}
    >
      <p className="muted">
        Every {device.model} is judged anew by it, whatever its release; a policy for one release alone comes
        before it. What another boot shows is a finding.
      </p>
      <div className="two">
        <Field label="Registers" hint="Of the SHA-256 bank, those that are the same on every such device.">
          {(input) => (
            <input
              {...input}
              className="input mono"
              required
              autoFocus
              spellCheck={false}
              value={pcrs}
              onChange={(e) => set_pcrs(e.target.value)}
              data-testid="pcrs-field"
            />
          )}
        </Field>
        <Field label="Hours between two times" hint="That each device is asked; at least a minute.">
          {(input) => (
            <input
              {...input}
              className="input"
              type="number"
              min={0}
              step="any"
              required
              value={hours}
              onChange={(e) => set_hours(e.target.value)}
            />
          )}
        </Field>
      </div>
      <label className="tick">
        <input type="checkbox" checked={isolate} onChange={(e) => set_isolate(e.target.checked)} />
        Isolate a device that fails it
      </label>
    </Dialog>
  );
}

interface DropProps {
  policy: AttestationPolicy;
  close: () => void;
  done: () => void;
}

export function DropDialog({ policy: { model, release }, close, done }: DropProps) {
  async function drop() {
    await remove(`${path_of("attestation", "policies", model)}${query_string({ release })}`);
    done();
  }
  return (
    <Dialog title={`Drop the policy of ${model}`} verb="Drop" danger close={close} submit={drop}>
      <p>
        Nothing says any more how {release ? "this release of it" : "it"} should boot
        {release ? ", but for the policy of the model, if there is one" : ""}. Devices stay as they are until
        they show their boot again.
      </p>
    </Dialog>
  );
}
