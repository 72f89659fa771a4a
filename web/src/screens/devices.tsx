// The device list. Its whole state is the address: filter, search and selector.

import { useEffect, useId, useState } from "react";
import { query_string } from "../api/query_string";
import { count } from "../format/numbers";
import { Choice } from "../parts/choice";
import { Head } from "../parts/head";
import { Empty, ProblemNotice } from "../parts/notice";
import { devices } from "../route/addresses";
import { go, usePlace } from "../route/router";
import { useDeviceRows, type Filter } from "./device_rows";
import { DeviceTable } from "./device_table";
import { ExportButtons } from "./device_export";

const STATES = [
  ["", "any"],
  ["expected", "expected"],
  ["active", "active"],
  ["quarantined", "quarantined"],
  ["retiring", "retiring"],
  ["revoked-unsanitised", "revoked-unsanitised"],
  ["retired", "retired"],
] as const;
const TYPING_MS = 250;

export function Devices() {
  const { searchParams } = usePlace();
  const filter: Filter = {
    q: searchParams.get("q") ?? "",
    selector: searchParams.get("selector") ?? "",
    state: searchParams.get("state") ?? "",
  };
  const view = query_string({ ...filter });
  const list = useDeviceRows(filter);
  const filtered = view !== "";
  const change = (part: Partial<Filter>) => go(devices({ ...filter, ...part }), "replace");

  return (
    <div className="full">
      <Head title="Devices" acts={<ExportButtons filter={filter} total={list.total} />}>
        <span className="sub" role="status" data-testid="device-count">
          {list.problem
            ? ""
            : list.total === undefined
              ? "Counting…"
              : `${count(list.total)} ${filtered ? "match" : "in all"}`}
        </span>
      </Head>
      <FilterBar
        filter={filter}
        change={change}
        {...(list.problem?.status === 400 && { complaint: list.problem.detail })}
      />
      {list.problem && list.problem.status !== 400 && (
        <ProblemNotice problem={list.problem} retry={list.reload} />
      )}
      {list.stale && (
        <div className="notice calm" role="status">
          The list has changed since it was read.
          <button type="button" className="button" onClick={list.reload}>
            Read again
          </button>
        </div>
      )}
      <div className="panel grow">
        {list.problem?.status === 400 ? (
          <SelectorHelp />
        ) : list.total === 0 && !list.busy ? (
          <NoDevices filtered={filtered} clear={() => go(devices(), "replace")} />
        ) : (
          <DeviceTable rows={list.rows} total={list.total ?? 0} view={view} want={list.want} />
        )}
      </div>
    </div>
  );
}

function SelectorHelp() {
  return (
    <div className="empty" data-testid="selector-help">
      <p>A selector is an expression over one device.</p>
      <dl className="facts">
        <dt>Fields</dt>
        <dd className="mono">id model state risk firmware serial groups online</dd>
        <dt>Operators</dt>
        <dd className="mono">== != in && || ! ( ) .startsWith() .endsWith() .contains()</dd>
        <dt>For example</dt>
        <dd className="mono">model == "meter" && ("north" in groups || risk == "high")</dd>
        <dt />
        <dd className="mono">!online && firmware != "1.2.0" && id.startsWith("m-")</dd>
      </dl>
    </div>
  );
}

function NoDevices({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  if (!filtered)
    return (
      <Empty command="muster device expect --id meter-1 --model meter">No device is expected yet.</Empty>
    );
  return (
    <div className="empty">
      <p>No device matches.</p>
      <button type="button" className="button" onClick={clear}>
        Show all devices
      </button>
    </div>
  );
}

interface BarProps {
  filter: Filter;
  change: (part: Partial<Filter>) => void;
  complaint?: string;
}

function FilterBar({ filter, change, complaint }: BarProps) {
  return (
    <form className="filters" role="search" aria-label="Devices" onSubmit={(event) => event.preventDefault()}>
      <Typed
        label="Search"
        placeholder="Id, serial, group…"
        value={filter.q}
        commit={(q) => change({ q })}
        testid="search"
      />
      <Typed
        label="Selector"
        placeholder='model == "meter" && "north" in groups'
        value={filter.selector}
        commit={(selector) => change({ selector })}
        mono
        testid="selector"
        {...(complaint && { complaint })}
      />
      <Choice label="State" options={STATES} value={filter.state} choose={(state) => change({ state })} />
    </form>
  );
}

interface TypedProps {
  label: string;
  placeholder: string;
  value: string;
  commit: (text: string) => void;
  mono?: boolean;
  complaint?: string;
  testid: string;
}

// Text that becomes part of the address once the typing pauses.
function Typed({ label, placeholder, value, commit, mono, complaint, testid }: TypedProps) {
  const [text, set_text] = useState(value);
  const complaint_id = useId();
  useEffect(() => set_text(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = window.setTimeout(() => commit(text.trim()), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <div className={mono ? "field wide" : "field"}>
      <input
        type="search"
        aria-label={label}
        className={mono ? "input mono" : "input"}
        placeholder={placeholder}
        value={text}
        spellCheck={false}
        autoComplete="off"
        aria-invalid={complaint ? true : undefined}
        aria-describedby={complaint ? complaint_id : undefined}
        onChange={(event) => set_text(event.target.value)}
        data-testid={testid}
      />
      {complaint && (
        <span id={complaint_id} className="hint wrong" role="alert">
          {complaint}
        </span>
      )}
    </div>
  );
}
