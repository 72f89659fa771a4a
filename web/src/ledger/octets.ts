// Octets as text and back, and comparison.

export type Octets = Uint8Array<ArrayBuffer>;

export function hex(octets: Octets): string {
  let text = "";
  for (const octet of octets) text += octet.toString(16).padStart(2, "0");
  return text;
}

export function from_base64(text: string): Octets {
  const binary = atob(text); // throws on what is not base64
  const octets = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) octets[i] = binary.charCodeAt(i);
  return octets;
}

export function join(...parts: Octets[]): Octets {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(left: Octets, right: Octets): boolean {
  return left.length === right.length && left.every((octet, i) => octet === right[i]);
}

export const utf8 = (text: string): Octets => new TextEncoder().encode(text) as Octets;
