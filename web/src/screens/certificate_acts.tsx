import { useState } from "react";
import { post } from "../api/client";
import { announce } from "../parts/announce";
import { Field } from "../parts/field";
import { ReasonDialog } from "../parts/reason_dialog";

// The codes that revocation lists and OCSP tell others (RFC 5280 5.3.1).
const CODES = [
  ["unspecified", "not said"],
  ["key-compromise", "the key may be known to others"],
  ["superseded", "replaced by another"],
  ["cessation-of-operation", "no longer in operation"],
  ["privilege-withdrawn", "no longer entitled"],
] as const;

interface Props {
  path: string; // that revokes
  what: string; // is revoked
  close: () => void;
  done: () => void;
}

export function RevokeDialog({ path, what, close, done }: Props) {
  const [because, set_because] = useState<string>("unspecified");
  async function revoke(reason: string) {
    await post(path, { reason, because });
    announce(`Revoked: ${what}.`);
    done();
  }
  const code = (
    <Field label="Told to others as" hint="In revocation lists and by OCSP.">
      {(input) => (
        <select
          {...input}
          className="input"
          value={because}
          onChange={(e) => set_because(e.target.value)}
          data-testid="because-field"
        >
          {CODES.map(([value, words]) => (
            <option key={value} value={value}>
              {value}: {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  return (
    <ReasonDialog title={`Revoke ${what}`} verb="Revoke" danger act={revoke} close={close} more={code}>
      This is final: every door refuses it and live sessions are cut. The device needs a new token, or its
      birth certificate allowed again, to come back.
    </ReasonDialog>
  );
}
