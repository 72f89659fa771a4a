import { useState, type ReactNode } from "react";
import { post } from "../api/client";
import { path_of } from "../api/query_string";
import type { Retirement } from "../api/retirement_types";
import type { Device } from "../api/types";
import { names_of } from "../format/names";
import { plural } from "../format/numbers";
import { announce } from "../parts/announce";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { ReasonDialog } from "../parts/reason_dialog";
import { retirement as page_of } from "../route/addresses";
import { go } from "../route/router";

const HOUR = 3600;

interface Props {
  close: () => void;
  done: () => void;
}

// As the API takes them; nothing when it is left to the model.
const deadline_of = (hours: string) =>
  hours.trim() === "" ? {} : { deadline_s: Math.round(Number(hours) * HOUR) };

const good_deadline = (hours: string) => {
  const { deadline_s } = deadline_of(hours);
  return deadline_s === undefined || (deadline_s >= 1 && deadline_s <= 366 * 24 * HOUR);
};

function DeadlineField({ value, change }: { value: string; change: (value: string) => void }) {
  return (
    <Field label="Hours to wipe" hint="Empty: as its model says. After them it is revoked-unsanitised.">
      {(input) => (
        <input
          {...input}
          className="input"
          type="number"
          min={0}
          step="any"
          aria-invalid={!good_deadline(value)}
          value={value}
          onChange={(e) => change(e.target.value)}
        />
      )}
    </Field>
  );
}

export function RetireDialog({ device, close, done }: Props & { device: Device }) {
  const [hours, set_hours] = useState("");
  async function retire(reason: string) {
    await post(`${path_of("devices", device.id)}/retire`, { reason, ...deadline_of(hours) });
    announce(`${device.id}: its retirement is asked for.`);
    done();
  }
  return (
    <ReasonDialog
      title={`Retire ${device.id}`}
      verb="Retire"
      danger
      act={retire}
      close={close}
      type_to_confirm={device.id}
      more={<DeadlineField value={hours} change={set_hours} />}
    >
      This is final. It is told to wipe itself and to say so under its own key; then it is revoked, and the id
      is never used again. Where its model wants it, another operator has to approve first.
    </ReasonDialog>
  );
}

// Many at once: those that are named, or those that a selector chooses.
export function RetireManyDialog({ close, done }: Props) {
  const [selector, set_selector] = useState("");
  const [names, set_names] = useState("");
  const [reason, set_reason] = useState("");
  const [hours, set_hours] = useState("");
  const devices = names_of(names.replaceAll(/\s+/g, ","));
  const one_way = (selector.trim() === "") !== (devices.length === 0);
  async function retire() {
    const which = devices.length > 0 ? { devices } : { selector: selector.trim() };
    const made = await post<Retirement>("/retirements", {
      ...which,
      reason: reason.trim(),
      ...deadline_of(hours),
    });
    announce(`Retirement ${made.id} is asked for: ${plural(made.devices, "device", "devices")}.`);
    done();
    go(page_of(made.id));
  }
  return (
    <Dialog
      title="Retire devices"
      verb="Retire"
      danger
      wide
      ready={one_way && reason.trim() !== "" && good_deadline(hours)}
      close={close}
      submit={retire}
    >
      <p className="muted">
        This is final, for all of them or none: each wipes itself, says so, and is revoked. Name them, or
        choose them by a selector.
      </p>
      <TextField label="Devices" value={names} change={set_names} testid="devices-field">
        By id, apart by commas or white space; at most 10,000.
      </TextField>
      <TextField label="Selector" value={selector} change={set_selector} testid="selector-field">
        Such as <code>model == "meter" && "north" in groups</code>
      </TextField>
      <TextField label="Reason" value={reason} change={set_reason} testid="reason-field">
        Kept in the ledger for good. No personal data.
      </TextField>
      <DeadlineField value={hours} change={set_hours} />
    </Dialog>
  );
}

interface TextProps {
  label: string;
  value: string;
  change: (value: string) => void;
  testid: string;
  children: ReactNode;
}

function TextField({ label, value, change, testid, children }: TextProps) {
  return (
    <Field label={label} hint={children}>
      {(input) => (
        <textarea
          {...input}
          className="input"
          rows={2}
          spellCheck={false}
          value={value}
          onChange={(e) => change(e.target.value)}
          data-testid={testid}
        />
      )}
    </Field>
  );
}

export function ApproveRetirement({ retirement, close, done }: Props & { retirement: Retirement }) {
  async function approve() {
    await post(`${path_of("retirements", retirement.id)}/approve`);
    announce(`Retirement ${retirement.id} is approved.`);
    done();
  }
  return (
    <Dialog
      title={`Approve retirement ${retirement.id}`}
      verb="Approve"
      danger
      close={close}
      submit={approve}
    >
      <p>
        {plural(retirement.devices, "device wipes itself", "devices wipe themselves")} for good, asked for by{" "}
        {retirement.requested_by}: “{retirement.reason}”
      </p>
    </Dialog>
  );
}

export function RejectRetirement({ retirement, close, done }: Props & { retirement: Retirement }) {
  async function reject(reason: string) {
    await post(`${path_of("retirements", retirement.id)}/reject`, { reason });
    announce(`Retirement ${retirement.id} is rejected.`);
    done();
  }
  return (
    <ReasonDialog title={`Reject retirement ${retirement.id}`} verb="Reject" act={reject} close={close}>
      Its devices stay as they are.
    </ReasonDialog>
  );
}

export function DestroyedDialog({ device, close, done }: Props & { device: string }) {
  async function certify(evidence: string) {
    await post(`${path_of("devices", device)}/destroyed`, { evidence });
    announce(`${device} is retired: destroyed.`);
    done();
  }
  return (
    <ReasonDialog
      title={`${device} was destroyed`}
      verb="Certify"
      danger
      type_to_confirm={device}
      act={certify}
      close={close}
    >
      It never said that it is wiped. Say what was destroyed, how, where, and who saw it: this is what its
      certificate of sanitisation will tell.
    </ReasonDialog>
  );
}
