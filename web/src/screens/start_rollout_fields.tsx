import type { Release } from "../api/types";
import { moment } from "../format/times";
import { Field } from "../parts/field";

interface Props {
  value: string;
  change: (value: string) => void;
}

export function ReleaseField({ releases, value, change }: Props & { releases: Release[] }) {
  return (
    <Field label="Release">
      {(input) => (
        <select
          {...input}
          className="input"
          value={value}
          required
          onChange={(e) => change(e.target.value)}
          data-testid="release-choice"
        >
          <option value="">Choose…</option>
          {releases.map((r) => (
            <option key={r.id} value={r.id}>
              {r.model} {r.version} · {moment(r.published_at).slice(0, 16)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function DeadlineField({ value, change }: Props) {
  return (
    <Field
      label="Seconds from offer to outcome"
      hint="After it a device is silent, and that counts as a failure."
    >
      {(input) => (
        <input
          {...input}
          className="input"
          type="number"
          min={1}
          value={value}
          onChange={(e) => change(e.target.value)}
        />
      )}
    </Field>
  );
}

export function SelectorField({ value, change }: Props) {
  return (
    <Field
      label="Selector"
      hint="Which devices of the release's model. Evaluated once, at the start; devices that come later are not part of it."
    >
      {(input) => (
        <input
          {...input}
          className="input mono"
          value={value}
          spellCheck={false}
          autoComplete="off"
          onChange={(e) => change(e.target.value)}
          data-testid="rollout-selector"
        />
      )}
    </Field>
  );
}
