import type { Wave } from "../api/types";
import { count } from "../format/numbers";

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
const WAVES_MAX = 32;

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
  const set = (at: number, part: Partial<DraftWave>) =>
    change(waves.map((wave, i) => (i === at ? { ...wave, ...part } : wave)));
  const add = () =>
    change([...waves.slice(0, -1), { share: "50", tolerance: "10", soak: "30" }, ...waves.slice(-1)]);
  const input = (at: number, part: keyof DraftWave, label: string) => (
    <input
      className="input num"
      type="number"
      min={0}
      max={part === "soak" ? undefined : 100}
      step={part === "soak" ? 1 : 0.1}
      required
      aria-label={`Wave ${at + 1}: ${label}`}
      value={waves[at]![part]}
      onChange={(e) => set(at, { [part]: e.target.value })}
    />
  );
  return (
    <div className="scroll-x">
      <table className="table plan" aria-label="Waves">
        <thead>
          <tr>
            <th scope="col">Wave</th>
            <th scope="col" className="num">
              Reaches, % of all
            </th>
            <th scope="col" className="num">
              May fail, %
            </th>
            <th scope="col" className="num">
              Soak, s
            </th>
            <th scope="col" className="num">
              Devices
            </th>
            <th scope="col">
              <span className="hidden">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {waves.map((_, i) => (
            <tr key={i}>
              <td>{i + 1}</td>
              <td>{input(i, "share", "reaches, percent of all")}</td>
              <td>{input(i, "tolerance", "may fail, percent")}</td>
              <td>{input(i, "soak", "soak, seconds")}</td>
              <td className="num">{sizes?.[i] === undefined ? "–" : count(sizes[i])}</td>
              <td>
                {waves.length > 1 && (
                  <button
                    type="button"
                    className="button plain"
                    onClick={() => change(waves.filter((__, at) => at !== i))}
                    aria-label={`Remove wave ${i + 1}`}
                  >
                    Remove
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {waves.length < WAVES_MAX && (
        <button type="button" className="button plain" onClick={add}>
          Add a wave
        </button>
      )}
    </div>
  );
}
