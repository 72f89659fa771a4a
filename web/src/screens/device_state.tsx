import type { Device } from "../api/types";
import { compared, type Setting } from "../format/settings";
import { Panel } from "../parts/panel";
import { TableHead } from "../parts/table_head";

const COLUMNS = [{ name: "Setting" }, { name: "Desired" }, { name: "Reported" }];

// Desired beside reported, setting by setting; what differs comes with a word, not only a colour.
export function DeviceState({ device }: { device: Device }) {
  const settings = compared(device.desired, device.reported);
  const open = settings.filter(
    (setting) => setting.standing === "differs" || setting.standing === "not reported",
  ).length;
  return (
    <Panel
      title="Desired and reported"
      aside={settings.length === 0 ? undefined : open === 0 ? "in step" : `${open} not in step`}
      flush
    >
      {settings.length === 0 ? (
        <p className="empty">Neither has been set.</p>
      ) : (
        <div className="scroll-x">
          <table className="table" aria-label="Settings" data-testid="settings">
            <TableHead columns={COLUMNS} />
            <tbody>
              {settings.map((setting) => (
                <SettingRow key={setting.name} setting={setting} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function SettingRow({ setting }: { setting: Setting }) {
  const { name, desired, reported, standing } = setting;
  return (
    <tr data-standing={standing}>
      <td className="mono break">{name}</td>
      <td className="mono break">{desired ?? <span className="muted">–</span>}</td>
      <td className="mono break">
        {reported ?? <span className="muted">–</span>}
        {standing === "differs" && <div className="differs">differs</div>}
        {standing === "not reported" && <div className="differs">not reported</div>}
      </td>
    </tr>
  );
}
