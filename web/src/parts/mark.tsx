// The mark of Muster: a formation, and the one that fell out of it.
export function Mark() {
  const places = [0, 1, 2, 3, 4, 5, 6, 7];
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#17655a" />
      {places.map((n) => (
        <rect
          key={n}
          x={7 + 6.5 * (n % 3)}
          y={7 + 6.5 * Math.floor(n / 3)}
          width="5"
          height="5"
          rx="1.2"
          fill="#e8f4f1"
        />
      ))}
      <rect
        x="20.8"
        y="20.8"
        width="3.4"
        height="3.4"
        rx="0.8"
        fill="none"
        stroke="#f0b13d"
        strokeWidth="1.6"
      />
    </svg>
  );
}
