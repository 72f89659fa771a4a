import type { Device } from "../api/types";
import { ago, moment } from "../format/times";
import { useNow } from "../live/hooks";
import { Panel } from "../parts/panel";
import { WordTag } from "../parts/tag";
import { devices } from "../route/addresses";
import { literal } from "../api/query_string";
import { Link } from "../route/link";

export function DeviceIdentity({ device }: { device: Device }) {
  const now = useNow();
  return (
    <Panel title="Identity">
      <dl className="facts">
        <dt>Model</dt>
        <dd>
          <Link to={devices({ selector: `model == ${literal(device.model)}` })}>{device.model}</Link>
        </dd>
        <dt>Maker's serial</dt>
        <dd className="mono">{device.serial || "–"}</dd>
        <dt>Groups</dt>
        <dd>
          <Groups groups={device.groups} />
        </dd>
        <dt>Firmware</dt>
        <dd className="mono">{device.firmware || "not told"}</dd>
        <dt>Last seen</dt>
        <dd>{device.online ? "now, connected" : ago(device.last_seen, now)}</dd>
        <Key device={device} />
      </dl>
    </Panel>
  );
}

function Groups({ groups }: Pick<Device, "groups">) {
  if (groups.length === 0) return "–";
  return (
    <span className="chips">
      {groups.map((group) => (
        <Link key={group} className="chip clip" to={devices({ selector: `${literal(group)} in groups` })}>
          {group}
        </Link>
      ))}
    </span>
  );
}

function Key({ device }: { device: Device }) {
  const now = useNow();
  const { certificate } = device;
  return (
    <>
      {device.key_protection && (
        <>
          <dt>Key</dt>
          <dd data-testid="key-protection">
            {device.key_protection === "tpm"
              ? "in a TPM, which certified it"
              : "in a file, for all we can tell"}
          </dd>
        </>
      )}
      {device.concerns.length > 0 && (
        <>
          <dt>Concerns</dt>
          <dd className="concern">{device.concerns.join("; ")}</dd>
        </>
      )}
      <dt>Certificate</dt>
      <dd>
        {certificate ? (
          <WordTag
            word={certificate.status}
            good={certificate.status === "valid" || certificate.status === "good"}
          />
        ) : (
          "none yet"
        )}
      </dd>
      {certificate && (
        <>
          <dt>Serial</dt>
          <dd className="mono">{certificate.serial}</dd>
          <dt>Ends</dt>
          <dd>
            {moment(certificate.not_after)} UTC{" "}
            <span className="muted">{ago(certificate.not_after, now)}</span>
          </dd>
        </>
      )}
    </>
  );
}
