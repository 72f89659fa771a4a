// Fails when a file or a function below a folder outgrows its cap: the console keeps to what CONTRIBUTING.md calls small.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const FILE = 500;
const FUNCTION = 60;

const lines = (text) => text.trimEnd().split("\n").length;

// What a function holds counts for it, too: a component with its callbacks and its markup.
function* functions(source, node) {
  const text = ts.isFunctionLike(node) && node.body ? node.getText(source) : "";
  if (lines(text) > FUNCTION) {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    yield `:${line + 1}: a function of ${lines(text)} lines, the cap is ${FUNCTION}`;
  }
  const within = [];
  ts.forEachChild(node, (child) => void within.push(child));
  for (const child of within) yield* functions(source, child);
}

function* outgrown(path) {
  const text = readFileSync(path, "utf8");
  if (lines(text) > FILE) yield `: ${lines(text)} lines, its cap is ${FILE}`;
  if (!/\.tsx?$/.test(path)) return;
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  yield* functions(source, source);
}

const folder = process.argv[2] ?? "src";
const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
for (const path of paths.filter((path) => /\.(tsx?|css)$/.test(path)).sort())
  for (const fault of outgrown(path)) {
    console.error(path + fault);
    process.exitCode = 1;
  }
