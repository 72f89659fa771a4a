import { useState, type ReactNode } from "react";
import { Dialog } from "./dialog";
import { Field } from "./field";

interface Props {
  title: string;
  verb: string;
  danger?: boolean;
  type_to_confirm?: string;
  act: (reason: string) => Promise<void>;
  close: () => void;
  more?: ReactNode; // further fields
  children: ReactNode; // what will happen
}

// An act that goes into the ledger with its reason; a grave one also wants the name typed.
export function ReasonDialog({ title, verb, danger, type_to_confirm, act, close, more, children }: Props) {
  const [reason, set_reason] = useState("");
  const [typed, set_typed] = useState("");
  const ready = reason.trim().length > 0 && (!type_to_confirm || typed === type_to_confirm);
  return (
    <Dialog
      title={title}
      verb={verb}
      danger={danger ?? false}
      ready={ready}
      close={close}
      submit={() => act(reason.trim())}
    >
      <div className="muted">{children}</div>
      <Field label="Reason" hint="Kept in the ledger for good. No personal data.">
        {(input) => (
          <textarea
            {...input}
            className="input"
            rows={2}
            maxLength={500}
            required
            autoFocus
            value={reason}
            onChange={(e) => set_reason(e.target.value)}
            data-testid="reason-field"
          />
        )}
      </Field>
      {more}
      {type_to_confirm && (
        <Field
          label={
            <>
              Type <code>{type_to_confirm}</code> to confirm
            </>
          }
        >
          {(input) => (
            <input
              {...input}
              className="input mono"
              autoComplete="off"
              spellCheck={false}
              value={typed}
              onChange={(e) => set_typed(e.target.value)}
              data-testid="confirm-field"
            />
          )}
        </Field>
      )}
    </Dialog>
  );
}
