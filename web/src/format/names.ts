// Names of devices, models and groups, as the API takes them.

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

export const is_name = (text: string) => NAME.test(text);

// A serial number as the id of a device: what an id may not hold becomes a dash. Empty when nothing is left.
export function id_of_serial(serial: string): string {
  const id = serial
    .replace(/[^A-Za-z0-9._:-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 64);
  return is_name(id) ? id : "";
}

// "north, pilot" as names.
export const names_of = (list: string) =>
  list
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
