import type { Wave } from "../api/types";
import { count } from "../format/numbers";
import { TableHead } from "../parts/table_head";

// As typed: percent may have one digit after the point.
export interface DraftWave {
  share: string;
  tolerance: string;
  soak: string;
}

export const FIRST_PLAN: DraftWave[] = [
  { share: "2", tolerance: "10", soak: "30" },
  { share: "10", tolerance: "10", soak: "30" },
  { share: "100", tolerance: "10", soak: "30" },
];
const ADDED: DraftWave = { share: "50", tolerance: "10", soak: "30" };
const WAVES_MAX = 32;
const COLUMNS = [
  { name: "Wave" },
  { name: "Reaches, % of all", className: "num" },
  { name: "May fail, %", className: "num" },
  { name: "Soak, s", className: "num" },
  { name: "Devices", className: "num" },
  { name: "Remove", unseen: true },
];

export function wave_of(draft: DraftWave): Pick<Wave, "share_permille" | "tolerance_permille" | "soak_s"> {
  return {
    share_permille: Math.round(Number(draft.share) * 10),
    tolerance_permille: Math.round(Number(draft.tolerance) * 10),
    soak_s: Number(draft.soak),
  };
}

interface Props {
  waves: DraftWave[];
  sizes?: number[]; // of the preview
  change: (waves: DraftWave[]) => void;
}

export function PlanWaves({ waves, sizes, change }: Props) {
  return (
    <div className="scroll-x">
      <table className="table plan" aria-label="Waves">
        <TableHead columns={COLUMNS} />
        <tbody>
          {waves.map((wave, at) => (
            <PlanRow
              key={at}
              wave={wave}
              number={at + 1}
              size={sizes?.[at]}
              change={(part) => change(waves.map((old, i) => (i === at ? { ...old, ...part } : old)))}
              remove={waves.length > 1 ? () => change(waves.filter((_, i) => i !== at)) : undefined}
            />
          ))}
        </tbody>
      </table>
      {waves.length < WAVES_MAX && (
        <button
          type="button"
          className="button plain"
          onClick={() => change([...waves.slice(0, -1), ADDED, ...waves.slice(-1)])}
        >
          Add a wave
        </button>
      )}
    </div>
  );
}

interface RowProps {
  wave: DraftWave;
  number: number;
  size: number | undefined;
  change: (part: Partial<DraftWave>) => void;
  remove: (() => void) | undefined; // undefined: it is the only one
}

function PlanRow({ wave, number, size, change, remove }: RowProps) {
  const input = (part: keyof DraftWave, label: string) => (
    <input
      className="input num"
      type="number"
      min={0}
      max={part === "soak" ? undefined : 100}
      step={part === "soak" ? 1 : 0.1}
      required
      aria-label={`Wave ${number}: ${label}`}
      value={wave[part]}
      onChange={(e) => change({ [part]: e.target.value })}
    />
  );
  return (
    <tr>
      <td>{number}</td>
      <td>{input("share", "reaches, percent of all")}</td>
      <td>{input("tolerance", "may fail, percent")}</td>
      <td>{input("soak", "soak, seconds")}</td>
      <td className="num">{size === undefined ? "–" : count(size)}</td>
      <td>
        {remove && (
          <button
            type="button"
            className="button plain"
            onClick={remove}
            aria-label={`Remove wave ${number}`}
          >
            Remove
          </button>
        )}
      </td>
    </tr>
  );
}
