import { useListing } from "../api/reading";
import type { Release } from "../api/types";
import { octets, short_hash } from "../format/numbers";
import { moment } from "../format/times";
import { Copy } from "../parts/copy";
import { Head } from "../parts/head";
import { ListingTable, Total } from "../parts/listing";
import { Empty } from "../parts/notice";
import { Panel } from "../parts/panel";
import { useMayAct } from "../parts/session";
import { devices, rollouts } from "../route/addresses";
import { literal } from "../api/query_string";
import { Link } from "../route/link";

const COLUMNS = [
  { name: "Model" },
  { name: "Version" },
  { name: "Sequence", className: "num" },
  { name: "Size", className: "num" },
  { name: "Image, SHA-256" },
  { name: "Signed by" },
  { name: "Published, UTC", className: "num" },
  { name: "Acts", unseen: true },
];

export function Releases() {
  const list = useListing<Release>("/releases");
  const may_act = useMayAct();
  return (
    <>
      <Head title="Releases">
        <Total list={list} />
      </Head>
      <Panel title="Signed and published" flush>
        <ListingTable
          list={list}
          label="Releases"
          columns={COLUMNS}
          empty={
            <Empty command="muster release publish --model meter --version 1.0.0 image.bin">
              No release has been published.
            </Empty>
          }
          row={(release) => (
            <tr key={release.id} data-testid="release-row" data-release={release.id}>
              <td>{release.model}</td>
              <td>
                <Link
                  className="mono"
                  to={devices({
                    selector: `model == ${literal(release.model)} && firmware == ${literal(release.version)}`,
                  })}
                  title="Devices that run it"
                >
                  {release.version}
                </Link>
              </td>
              <td className="num">{release.sequence}</td>
              <td className="num">{octets(release.size)}</td>
              <td className="mono nowrap">
                <span title={release.digest}>{short_hash(release.digest, 16)}</span>{" "}
                <Copy text={release.digest} what="digest" />
              </td>
              <td className="mono">{release.signed_by.map((key) => short_hash(key, 8)).join(", ")}</td>
              <td className="num muted">{moment(release.published_at)}</td>
              <td className="num">{may_act && <Link to={rollouts({ start: release.id })}>Roll out</Link>}</td>
            </tr>
          )}
        />
      </Panel>
    </>
  );
}
