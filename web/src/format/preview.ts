// What a dry run of a rollout says: how many devices each wave takes, and who is left out and why.
// Accepts the preview proper and a Rollout that was never started.

export interface Preview {
  targets: number;
  sizes: number[];
  left_out: { device: string; reason: string }[];
}

export function preview_of(answer: unknown): Preview {
  const said = (answer ?? {}) as Record<string, unknown>;
  const waves = Array.isArray(said["waves"]) ? said["waves"] : [];
  const told = Array.isArray(said["wave_sizes"]) ? said["wave_sizes"] : waves;
  const sizes = told.map((wave: unknown) =>
    typeof wave === "number" ? wave : Number((wave as Record<string, unknown>)["targets"] ?? 0),
  );
  const targets =
    typeof said["targets"] === "number" ? said["targets"] : sizes.reduce((sum, n) => sum + n, 0);
  const left = Array.isArray(said["left_out"]) ? said["left_out"] : [];
  return { targets, sizes, left_out: left.map(left_of) };
}

function left_of(one: unknown): { device: string; reason: string } {
  if (Array.isArray(one)) return { device: String(one[0]), reason: String(one[1] ?? "") };
  if (typeof one !== "object" || one === null) return { device: String(one), reason: "" };
  const said = one as Record<string, unknown>;
  return { device: String(said["device"] ?? ""), reason: String(said["reason"] ?? said["why"] ?? "") };
}
