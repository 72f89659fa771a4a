import { literal } from "../api/query_string";
import type { Fleet } from "../api/types";
import { count, percent } from "../format/numbers";
import { Bar } from "../parts/bar";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import * as to from "../route/addresses";
import { Link } from "../route/link";

const MODELS_SHOWN = 6;
const VERSIONS_SHOWN = 4;

type Row = Fleet["by_firmware"][number];

// What runs where: models by size, their versions by count.
export function FirmwarePanel({ rows }: { rows: Row[] }) {
  const models = by_model(rows);
  const shown = models.slice(0, MODELS_SHOWN);
  return (
    <Panel
      title="Firmware"
      aside={models.length > MODELS_SHOWN ? `${MODELS_SHOWN} of ${models.length} models` : undefined}
      className="span-7"
    >
      {models.length === 0 && (
        <Empty command="muster release publish --model M --version V FILE">
          No device has said what it runs.
        </Empty>
      )}
      <div className="firmware">
        {shown.map((each) => (
          <ModelFirmware key={each.model} {...each} />
        ))}
      </div>
    </Panel>
  );
}

interface OfModel {
  model: string;
  total: number;
  versions: Row[];
}

function ModelFirmware({ model, total, versions }: OfModel) {
  const of_model = `model == ${literal(model)}`;
  return (
    <div>
      <div className="line">
        <Link to={to.devices({ selector: of_model })}>
          <strong>{model}</strong>
        </Link>
        <span className="muted small end">{count(total)}</span>
      </div>
      <ul className="rows">
        {versions.slice(0, VERSIONS_SHOWN).map(({ firmware, count: n }) => (
          <li key={firmware}>
            <Link
              className="barred"
              to={to.devices({ selector: `${of_model} && firmware == ${literal(firmware)}` })}
            >
              <span className="mono clip">{firmware || "not told"}</span>
              <Bar size="thin" label={firmware || "not told"} parts={[{ name: "plain", n }]} of={total} />
              <span className="num">
                {count(n)} <span className="muted small">{percent(n, total)}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {versions.length > VERSIONS_SHOWN && (
        <p className="muted small">and {versions.length - VERSIONS_SHOWN} more versions</p>
      )}
    </div>
  );
}

function by_model(rows: Row[]): OfModel[] {
  const models = new Map<string, Row[]>();
  for (const row of rows) models.set(row.model, [...(models.get(row.model) ?? []), row]);
  return [...models]
    .map(([model, versions]) => ({
      model,
      total: versions.reduce((sum, row) => sum + row.count, 0),
      versions: versions.sort((a, b) => b.count - a.count),
    }))
    .sort((a, b) => b.total - a.total);
}
