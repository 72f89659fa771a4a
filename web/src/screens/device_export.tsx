import { useState } from "react";
import { read } from "../api/client";
import { as_problem } from "../api/problem";
import type { Device, Page } from "../api/types";
import { csv } from "../format/csv";
import { count } from "../format/numbers";
import { announce } from "../parts/announce";
import type { Filter } from "./device_rows";

const HEADER = [
  "id",
  "model",
  "state",
  "online",
  "firmware",
  "risk",
  "groups",
  "last_seen",
  "serial",
  "certificate_serial",
  "certificate_not_after",
];
const PAGE = 1000;

const cells = (d: Device) => [
  d.id,
  d.model,
  d.state,
  d.online,
  d.firmware,
  d.risk,
  d.groups.join(" "),
  d.last_seen,
  d.serial,
  d.certificate?.serial,
  d.certificate?.not_after,
];

function save(text: string, type: string, ending: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `devices-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${ending}`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// All matches, not only those in sight.
export function ExportButtons({ filter, total }: { filter: Filter; total: number | undefined }) {
  const [read_so_far, set_read] = useState<number>();

  async function take(kind: "csv" | "json") {
    const all: Device[] = [];
    set_read(0);
    try {
      for (let cursor: string | null = null, more = true; more; ) {
        const page: Page<Device> = await read<Page<Device>>("/devices", { ...filter, limit: PAGE, cursor });
        all.push(...page.items);
        set_read(all.length);
        cursor = page.next;
        more = cursor !== null;
      }
      if (kind === "csv") save(csv(HEADER, all.map(cells)), "text/csv", "csv");
      else save(JSON.stringify(all, null, 1), "application/json", "json");
      announce(`Exported ${count(all.length)} devices.`);
    } catch (error) {
      announce(`The export stopped. ${as_problem(error).message}`, true);
    }
    set_read(undefined);
  }

  const disabled = !total || read_so_far !== undefined;
  return (
    <>
      {read_so_far !== undefined && <span className="muted">{count(read_so_far)} read…</span>}
      <button
        type="button"
        className="button"
        disabled={disabled}
        onClick={() => void take("csv")}
        data-testid="export-csv"
      >
        Export CSV
      </button>
      <button
        type="button"
        className="button"
        disabled={disabled}
        onClick={() => void take("json")}
        data-testid="export-json"
      >
        Export JSON
      </button>
    </>
  );
}
