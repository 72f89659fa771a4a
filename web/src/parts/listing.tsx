import type { ReactNode } from "react";
import type { Listing } from "../api/reading";
import { count } from "../format/numbers";
import { ProblemNotice } from "./notice";

interface Props<T> {
  list: Listing<T>;
  columns: { name: string; className?: string }[];
  row: (item: T) => ReactNode;
  empty: ReactNode;
  label: string;
}

// A list that is read page by page, for lists that people read rather than search.
export function ListingTable<T>({ list, columns, row, empty, label }: Props<T>) {
  if (list.problem)
    return (
      <div className="panel-body">
        <ProblemNotice problem={list.problem} retry={list.reload} />
      </div>
    );
  if (list.items.length === 0) return list.busy ? <p className="empty">Reading…</p> : <>{empty}</>;
  return (
    <>
      <div className="scroll-x">
        <table className="table" aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} scope="col" className={column.className}>
                  {column.name === "Acts" ? <span className="hidden">Acts</span> : column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{list.items.map(row)}</tbody>
        </table>
      </div>
      {(list.more || (list.total ?? 0) > list.items.length) && (
        <div className="table-foot">
          {count(list.items.length)} of {count(list.total ?? list.items.length)}
          <button type="button" className="button" disabled={!list.more} onClick={list.more}>
            {list.busy ? "Reading…" : "Show more"}
          </button>
        </div>
      )}
    </>
  );
}
