export interface Part {
  name: string;
  n: number;
}

interface Props {
  parts: Part[];
  of?: number; // what the full width stands for; the sum of the parts if absent
  label: string;
  size?: "thin" | "tall";
  testid?: string;
}

// One bar of several parts. Its text for those who do not see it is the list of parts.
export function Bar({ parts, of, label, size, testid }: Props) {
  const whole = Math.max(1, of ?? parts.reduce((sum, part) => sum + part.n, 0));
  const shown = parts.filter((part) => part.n > 0);
  const told = shown.map((part) => `${part.n} ${part.name}`).join(", ");
  return (
    <div
      className={size ? `bar ${size}` : "bar"}
      role="img"
      aria-label={`${label}: ${told || "none"}`}
      data-testid={testid}
    >
      {shown.map((part) => (
        <i
          key={part.name}
          className="eased"
          data-part={part.name}
          data-count={part.n}
          style={{ width: `${(100 * part.n) / whole}%` }}
        />
      ))}
    </div>
  );
}

// What the patterns mean, with counts.
export function Key({ name, n }: Part) {
  return (
    <span className="key">
      <i data-part={name} />
      {name} <b>{n.toLocaleString("en")}</b>
    </span>
  );
}
