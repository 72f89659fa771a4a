// A TUF client that we did not write, tuf-js: refreshes a repository and fetches targets from it.
//   node tuf_client.mjs FOLDER METADATA_URL TARGETS_URL TARGET...    FOLDER holds metadata/root.json and targets/
import { Updater } from "tuf-js";

const [folder, metadataBaseUrl, targetBaseUrl, ...targets] = process.argv.slice(2);
const updater = new Updater({
  metadataDir: `${folder}/metadata`, metadataBaseUrl, targetDir: `${folder}/targets`, targetBaseUrl,
});
await updater.refresh();
for (const path of targets) {
  const target = await updater.getTargetInfo(path);
  if (!target) throw new Error(`${path}: not vouched for`);
  await updater.downloadTarget(target);
  console.log(`${path} ${target.length}`);
}
