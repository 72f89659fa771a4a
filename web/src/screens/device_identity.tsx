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
  const { certificate } = device;
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
          {device.groups.length === 0 && "–"}
          <span className="chips">
            {device.groups.map((group) => (
              <Link
                key={group}
                className="chip clip"
                to={devices({ selector: `${literal(group)} in groups` })}
              >
                {group}
              </Link>
            ))}
          </span>
        </dd>
        <dt>Firmware</dt>
        <dd className="mono">{device.firmware || "not told"}</dd>
        <dt>Last seen</dt>
        <dd>{device.online ? "now, connected" : ago(device.last_seen, now)}</dd>
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
      </dl>
    </Panel>
  );
}
