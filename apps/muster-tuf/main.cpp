// muster-tuf -- a client of any TUF repository (specification 1.0.34): keeps its metadata up to
// date and fetches targets that it vouches for. Ends with 0, or with 1 and a sentence on stderr.
//
// The command line is that of the public conformance suite. The target folder is a cache: a target
// that is there with the right hashes is not fetched again.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/clock.h"
#include "base/file.h"
#include "muster-tuf/repository.h"
#include "tuf/client.h"
#include "tuf/file_sum.h"

using namespace muster;

namespace {

struct Given {
  std::string metadata_dir, metadata_url, target_base_url, target_dir, trusted_root, ca;
  std::vector<std::string> targets;
};

Result<void> init(const Given& given) {
  TRY(const std::string text, read_file(given.trusted_root, tuf::Limits{}.root));
  tuf::MemoryShelf trial;
  TRY_VOID(trial.write("root.json", text));
  TRY_VOID(tuf::Client::open(trial, SystemClock().now()));  // it signed itself
  TRY(auto shelf, tuf::FolderShelf::open(given.metadata_dir));
  return shelf.write("root.json", text);
}

Result<std::unique_ptr<WebRepository>> open_web(const Given& given, const std::string& url) {
  std::string anchors;
  if (!given.ca.empty()) {
    TRY(anchors, read_file(given.ca, 1 << 20));
  }
  return WebRepository::open(url, anchors);
}

Result<void> feed(tuf::Client& client, WebRepository& metadata) {
  while (client.wants()) {
    const tuf::Want want = *client.wants();
    TRY(const auto text, metadata.fetch(want.path, want.max));
    if (text)
      TRY_VOID(client.take(*text));
    else
      TRY_VOID(client.missing());
  }
  return {};
}

bool is_here(const std::filesystem::path& file, const tuf::Target& target) {
  tuf::FileSum sum;
  return read_file(file, target.length, [&](ByteView piece) { sum.add(piece); }) &&
         sum.check(target.length, target.hashes, file.string());
}

// Written beside its place, and moved there only when it is what the metadata says.
Result<void> fetch_target(WebRepository& web, const std::string& url_path,
                          const std::filesystem::path& file, const tuf::Target& target) {
  const std::filesystem::path draft = file.string() + ".new";
  tuf::FileSum sum;
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  auto fetched = web.fetch(url_path, target.length, [&](ByteView piece) -> Result<void> {
    sum.add(piece);
    const std::string_view text = text_of(piece);
    if (!out.write(text.data(), static_cast<std::streamsize>(text.size())))
      return fail(Fault::unavailable, draft.string() + ": cannot be written");
    return {};
  });
  out.close();
  Result<void> good = sum.check(target.length, target.hashes, file.filename().string());
  if (!fetched)
    good = std::unexpected(fetched.error());
  else if (!*fetched)
    good = fail(Fault::missing, url_path + ": the repository does not have it");
  else if (good && !out)
    good = fail(Fault::unavailable, draft.string() + ": cannot be written");
  std::error_code ec;
  if (good) std::filesystem::rename(draft, file, ec);
  if (good && ec) good = fail(Fault::unavailable, file.string() + ": " + ec.message());
  if (!good) std::filesystem::remove(draft, ec);
  return good;
}

Result<void> run(const Given& given, bool download) {
  TRY(auto shelf, tuf::FolderShelf::open(given.metadata_dir));
  TRY(auto client, tuf::Client::open(shelf, SystemClock().now()));
  TRY(const auto metadata, open_web(given, given.metadata_url));
  TRY_VOID(feed(client, *metadata));
  if (!download) return {};
  TRY(const auto targets, open_web(given, given.target_base_url));
  std::error_code ec;
  std::filesystem::create_directories(given.target_dir, ec);
  for (const std::string& name : given.targets) {
    TRY_VOID(client.search(name));
    TRY_VOID(feed(client, *metadata));
    if (!client.found())
      return fail(Fault::missing, name + ": no role of the repository vouches for it");
    const auto file = std::filesystem::path(given.target_dir) / tuf::escaped(name);
    if (!is_here(file, *client.found()))
      TRY_VOID(
          fetch_target(*targets, client.path_of(name, *client.found()), file, *client.found()));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Given given;
  CLI::App app("Follows a TUF repository: init with a trusted root, refresh, download targets.");
  app.add_option("--metadata-dir", given.metadata_dir, "where trusted metadata is kept")
      ->required();
  app.add_option("--metadata-url", given.metadata_url, "of the repository's metadata");
  app.add_option("--target-base-url", given.target_base_url, "of the repository's targets");
  app.add_option("--target-dir", given.target_dir, "where targets go, and are looked for first");
  app.add_option("--target-name", given.targets, "a target's path; may be given several times")
      ->allow_extra_args(false);
  app.add_option("--ca", given.ca, "PEM of whom to trust for https; else the system's");
  auto* const begin = app.add_subcommand("init", "trust this root from now on");
  begin->add_option("ROOT", given.trusted_root, "a root.json, from a source that you trust")
      ->required();
  app.add_subcommand("refresh", "bring the metadata up to date");
  auto* const download = app.add_subcommand("download", "the same, and fetch targets");
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);

  Result<void> done;
  if (begin->parsed())
    done = init(given);
  else if (given.metadata_url.empty())
    done = fail(Fault::invalid, "--metadata-url is needed");
  else if (download->parsed() &&
           (given.targets.empty() || given.target_base_url.empty() || given.target_dir.empty()))
    done = fail(Fault::invalid, "--target-name, --target-base-url and --target-dir are needed");
  else
    done = run(given, download->parsed());
  if (done) return 0;
  std::cerr << "muster-tuf: " << done.error().message;
  if (!done.error().field.empty()) std::cerr << " (" << done.error().field << ")";
  std::cerr << "\n";
  return 1;
}
