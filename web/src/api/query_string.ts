// Query strings: absent and empty parameters are left out, so that equal views have equal addresses.

export type Params = Record<string, string | number | boolean | null | undefined>;

export function query_string(params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== undefined && value !== null && value !== "" && value !== false)
      query.set(name, String(value));
  const text = query.toString();
  return text && `?${text}`;
}

// A path of the API whose variable segments cannot break out of their place.
export function path_of(...segments: (string | number)[]): string {
  return "/" + segments.map(encodeURIComponent).join("/");
}

// A string literal of the selector language.
export function literal(text: string): string {
  return `"${text.replace(/[\\"]/g, (c) => `\\${c}`)}"`;
}
