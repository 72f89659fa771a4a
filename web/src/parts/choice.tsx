import { useId } from "react";

interface Props<T> {
  label: string;
  options: readonly (readonly [value: T, name: string])[];
  value: T;
  choose: (value: T) => void;
  className?: string;
}

// One of a few, all of them in sight.
export function Choice<T extends string | number>({
  label,
  options,
  value,
  choose,
  className = "choice",
}: Props<T>) {
  const group = useId();
  return (
    <div className={className} role="radiogroup" aria-label={label}>
      {options.map(([option, name]) => (
        <label key={option}>
          <input
            type="radio"
            name={group}
            className="hidden"
            checked={value === option}
            onChange={() => choose(option)}
          />
          {name}
        </label>
      ))}
    </div>
  );
}
