// A small line without axes: the last values of one figure, newest at the right.

interface Props {
  values: number[];
  points: number; // what the full width stands for
  label: string;
}

export function Spark({ values, points, label }: Props) {
  const top = Math.max(1e-9, ...values) * 1.15;
  const first = points - values.length;
  const at = values.map((value, i) => `${first + i},${(40 - (38 * value) / top).toFixed(2)}`);
  const line = at.length > 1 ? `M${at.join("L")}` : "";
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${points - 1} 40`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {line && <path className="area" d={`${line}L${points - 1},40L${first},40Z`} />}
      {line && <path className="line" d={line} />}
    </svg>
  );
}
