#include <cstdlib>

#include "base/bytes.h"
#include "tuf/canonical.h"

using namespace muster;

// Canonical text has one spelling: whatever the order of the members, sorted again it is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  auto json = wire::parse_json(text_of(ByteView(bytes, count)));
  if (!json) return 0;
  auto text = tuf::canonical_json(*json);
  if (!text) return 0;
  if (auto* members = json->members()) {
    wire::Json turned = wire::Json::of_members({members->rbegin(), members->rend()});
    if (auto again = tuf::canonical_json(turned); !again || *again != *text) std::abort();
  }
  // It reads back as the same value wherever a control character does not make it other than JSON.
  auto back = wire::parse_json(*text);
  if (!back) return 0;
  if (auto again = tuf::canonical_json(*back); !again || *again != *text) std::abort();
  return 0;
}
