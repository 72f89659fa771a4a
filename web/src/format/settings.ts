// Two state documents side by side, flattened to dotted names.

type Json = unknown;

export interface Setting {
  name: string;
  desired: string | undefined;
  reported: string | undefined;
  standing: "same" | "differs" | "not reported" | "only reported";
}

const DEPTH = 6;

export function flat(
  document: Json,
  into = new Map<string, string>(),
  prefix = "",
  depth = 0,
): Map<string, string> {
  const object = typeof document === "object" && document !== null && !Array.isArray(document);
  if (object && depth < DEPTH && (prefix === "" || Object.keys(document).length > 0)) {
    for (const [name, value] of Object.entries(document))
      flat(value, into, prefix ? `${prefix}.${name}` : name, depth + 1);
  } else if (prefix) {
    into.set(prefix, typeof document === "string" ? document : JSON.stringify(document));
  }
  return into;
}

export function compared(desired: Json, reported: Json): Setting[] {
  const [want, have] = [flat(desired), flat(reported)];
  const names = [...new Set([...want.keys(), ...have.keys()])].sort();
  return names.map((name) => {
    const [d, r] = [want.get(name), have.get(name)];
    const standing =
      d === undefined ? "only reported" : r === undefined ? "not reported" : d === r ? "same" : "differs";
    return { name, desired: d, reported: r, standing };
  });
}
