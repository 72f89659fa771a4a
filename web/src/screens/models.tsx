import { useListing } from "../api/reading";
import { literal } from "../api/query_string";
import type { Model } from "../api/types";
import { band, unit_name } from "../format/numbers";
import { span } from "../format/times";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { RiskTag } from "../parts/tag";
import { devices } from "../route/addresses";
import { Link } from "../route/link";

const COLUMNS = [
  { name: "Model" },
  { name: "Risk" },
  { name: "Reports each", className: "num" },
  { name: "Measures, and what is healthy" },
];

function healthy({ unit, min, max }: Model["metrics"][number]): string {
  return `${band(min, max)} ${unit_name(unit)}`.trim();
}

export function Models() {
  const list = useListing<Model>("/models");
  return (
    <>
      <Head title="Models">
        <Total list={list} />
      </Head>
      <Panel title="What each kind of device is and reports" flush>
        <ListingTable
          list={list}
          label="Models"
          columns={COLUMNS}
          empty={
            <Empty command="muster device expect --id meter-1 --model meter">
              No model yet. A model is made with the first device that names it.
            </Empty>
          }
          row={(model) => (
            <tr key={model.name} data-testid="model-row">
              <td>
                <Link to={devices({ selector: `model == ${literal(model.name)}` })}>
                  <strong>{model.name}</strong>
                </Link>
              </td>
              <td>
                <RiskTag risk={model.risk} />
              </td>
              <td className="num">{span(model.interval_s)}</td>
              <td>
                {model.metrics.length === 0 ? (
                  <span className="muted">not said</span>
                ) : (
                  <ul className="bands">
                    {model.metrics.map((metric) => (
                      <li key={metric.name}>
                        <span className="mono">{metric.name}</span>{" "}
                        <span className="muted">{healthy(metric)}</span>
                      </li>
                    ))}
                  </ul>
                )}
              </td>
            </tr>
          )}
        />
      </Panel>
    </>
  );
}
