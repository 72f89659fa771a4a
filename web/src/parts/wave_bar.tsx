import type { Rollout, Wave } from "../api/types";
import { OUTCOMES } from "../format/outcomes";
import { Bar, Key, type Part } from "./bar";

const listed = ({ outcomes }: Wave): Part[] => OUTCOMES.map((name) => ({ name, n: outcomes[name] }));

export function WaveBar({ wave, number, size }: { wave: Wave; number: number; size?: "thin" | "tall" }) {
  return (
    <Bar
      parts={listed(wave)}
      of={wave.targets}
      label={`Wave ${number}, ${wave.targets} targets`}
      testid="wave-bar"
      {...(size && { size })}
    />
  );
}

export function WaveKeys({ wave }: { wave: Wave }) {
  return (
    <div className="keys">
      {listed(wave)
        .filter((part) => part.n > 0)
        .map((part) => (
          <Key key={part.name} {...part} />
        ))}
    </div>
  );
}

// All waves in one line, each as wide as its share of the targets, never too small to see.
export function WaveStrip({ rollout }: { rollout: Rollout }) {
  const total = Math.max(
    1,
    rollout.waves.reduce((sum, wave) => sum + wave.targets, 0),
  );
  return (
    <div className="wave-strip">
      {rollout.waves.map((wave, i) => (
        <div key={i} data-state={wave.state} style={{ flexGrow: Math.max(0.08, wave.targets / total) }}>
          <WaveBar wave={wave} number={i + 1} />
        </div>
      ))}
    </div>
  );
}
