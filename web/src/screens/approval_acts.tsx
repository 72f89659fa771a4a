import { useState } from "react";
import { post } from "../api/client";
import type { Maker, ParkedDevice } from "../api/identity_types";
import { path_of } from "../api/query_string";
import { useListing } from "../api/reading";
import { id_of_serial, is_name, names_of } from "../format/names";
import { announce } from "../parts/announce";
import { Dialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { ProblemNotice } from "../parts/notice";
import { ReasonDialog } from "../parts/reason_dialog";
import { device as page_of } from "../route/addresses";
import { Link } from "../route/link";

interface Props {
  device: ParkedDevice;
  close: () => void;
  done: () => void;
}

export function ApproveDialog({ device, close, done }: Props) {
  const [id, set_id] = useState(() => id_of_serial(device.serial));
  const [model, set_model] = useState(device.model ?? "");
  const [groups, set_groups] = useState("");
  const names = names_of(groups);
  const ready = is_name(id) && model !== "" && names.every(is_name);
  async function approve() {
    await post(`${path_of("enrolments", device.id)}/approve`, { device: id, model, groups: names });
    announce(
      <>
        <Link to={page_of(id)}>{id}</Link> is expected. It enrols when it asks next.
      </>,
    );
    done();
  }
  return (
    <Dialog title={`Approve ${device.serial}`} verb="Approve" ready={ready} close={close} submit={approve}>
      <p className="muted">
        {device.maker} vouches for it. It is expected from now on, by its birth certificate, and its next
        request is answered.
      </p>
      <NameField value={id} change={set_id} />
      {device.model === null && <ModelField maker={device.maker} value={model} change={set_model} />}
      <Field label="Groups" hint="Apart by commas; may be left empty.">
        {(input) => (
          <input
            {...input}
            className="input"
            spellCheck={false}
            value={groups}
            aria-invalid={!names.every(is_name)}
            onChange={(e) => set_groups(e.target.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

interface FieldProps {
  value: string;
  change: (value: string) => void;
}

function NameField({ value, change }: FieldProps) {
  return (
    <Field
      label="Its id"
      hint="The name in its certificate, for good: letters, digits and . _ : - after the first."
    >
      {(input) => (
        <input
          {...input}
          className="input mono"
          required
          autoFocus
          maxLength={64}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={value !== "" && !is_name(value)}
          value={value}
          onChange={(e) => change(e.target.value)}
          data-testid="id-field"
        />
      )}
    </Field>
  );
}

// Its maker makes several models: which one is this?
function ModelField({ maker, value, change }: FieldProps & { maker: string }) {
  const makers = useListing<Maker>("/makers", {}, 1000);
  const models = makers.items.find(({ name }) => name === maker)?.models ?? [];
  return (
    <>
      <Field label="Model" hint={`Of those that ${maker} is trusted for.`}>
        {(input) => (
          <select
            {...input}
            className="input"
            required
            value={value}
            onChange={(e) => change(e.target.value)}
            data-testid="model-choice"
          >
            <option value="">Choose…</option>
            {models.map((model) => (
              <option key={model} value={model}>
                {model}
              </option>
            ))}
          </select>
        )}
      </Field>
      <ProblemNotice problem={makers.problem} retry={makers.reload} />
    </>
  );
}

export function RejectDialog({ device, close, done }: Props) {
  async function reject(reason: string) {
    await post(`${path_of("enrolments", device.id)}/reject`, { reason });
    announce(`Rejected: serial number ${device.serial}.`);
    done();
  }
  return (
    <ReasonDialog title={`Reject ${device.serial}`} verb="Reject" danger act={reject} close={close}>
      It is refused whenever it asks, for 90 days. It can be approved until then.
    </ReasonDialog>
  );
}
