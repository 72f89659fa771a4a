#include <cstdlib>

#include "base/bytes.h"
#include "tuf/client.h"

using namespace muster;
using namespace muster::tuf;

namespace {

// What reads as a root may be trusted only when it signed itself, and a client fed with anything
// ends or goes on, and keeps nothing that it did not verify.
void feed(std::string_view text) {
  MemoryShelf shelf;
  if (!shelf.write("root.json", text)) std::abort();
  auto client = Client::open(shelf, instant(1'700'000'000'000));
  if (!client) return;
  for (int i = 0; i < 8 && client->wants(); ++i) {
    auto fed = i == 0 ? client->missing() : client->take(text);
    if (!fed && client->wants()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const std::string_view text = text_of(ByteView(bytes, count));
  if (auto root = parse_root(text)) {
    (void)check_signatures(root->content.root, root->content.keys, root->bytes, root->signatures,
                           "root");
    feed(text);
  }
  if (auto timestamp = parse_timestamp(text); timestamp && timestamp->content.version < 1)
    std::abort();
  if (auto snapshot = parse_snapshot(text); snapshot && snapshot->content.version < 1) std::abort();
  if (auto targets = parse_targets(text))
    for (const auto& [path, target] : targets->content.targets)
      for (const Delegation& one : targets->content.delegations)
        if (one.covers(path) && one.paths.empty() && one.hash_prefixes.empty()) std::abort();
  const std::size_t line = text.find('\n');
  if (line != text.npos && text.size() < 4096)
    (void)matches(text.substr(0, line), text.substr(line + 1));
  return 0;
}
