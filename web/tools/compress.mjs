// Writes a .br and a .gz beside each text file of a folder, and says what a first visit costs.
// The server sends these as they are; it never compresses on the fly.
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TEXT = new Set([".html", ".js", ".css", ".svg", ".json", ".txt", ".map"]);
const FIRST_LOAD_LIMIT = 250_000;

async function* files(folder) {
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if ((await stat(path)).isDirectory()) yield* files(path);
    else if (TEXT.has(extname(name))) yield path;
  }
}

function brotli(text) {
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
}

const folder = process.argv[2] ?? "dist";
const index = await readFile(join(folder, "index.html"), "utf8");
let first = 0;
for await (const path of files(folder)) {
  const text = await readFile(path);
  const [br, gz] = [brotli(text), gzipSync(text, { level: 9 })];
  await writeFile(`${path}.br`, br);
  await writeFile(`${path}.gz`, gz);
  const name = relative(folder, path);
  const eager = name === "index.html" || index.includes(name);
  if (eager) first += br.length;
  console.log(
    `${name.padEnd(40)} ${String(text.length).padStart(8)}  br ${String(br.length).padStart(7)}  gz ${String(gz.length).padStart(7)}${eager ? "  first load" : ""}`,
  );
}
console.log(`first load: ${first} octets (brotli), limit ${FIRST_LOAD_LIMIT}`);
if (first > FIRST_LOAD_LIMIT) process.exit(1);
