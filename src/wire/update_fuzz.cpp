#include <cstdlib>

#include "base/bytes.h"
#include "wire/logged.h"
#include "wire/update.h"

using namespace muster;
using namespace muster::wire;

namespace {

template <class T>
void same(const T& value, const Result<T>& again) {
  if (!again || !(*again == value)) std::abort();
}

void envelope(std::string_view text) {
  auto parsed = parse_envelope(text);
  if (!parsed) return;
  auto again = parse_envelope(envelope_text(parsed->content, parsed->signatures));
  if (!again || again->signed_bytes != parsed->signed_bytes) std::abort();
  if (auto release = read_release(parsed->content)) same(*release, read_release(to_json(*release)));
  if (auto assigned = read_assignment(parsed->content))
    same(*assigned, read_assignment(to_json(*assigned)));
}

// A total order whose equivalence is symmetric.
void versions(std::string_view text) {
  auto line = text.find('\n');
  if (line == std::string_view::npos) return;
  auto a = text.substr(0, line), b = text.substr(line + 1);
  if (!is_version(a) || !is_version(b)) return;
  if ((compare_versions(a, b) < 0) != (compare_versions(b, a) > 0)) std::abort();
  if (compare_versions(a, a) != 0) std::abort();
}

}  // namespace

// What is understood is written so that it is understood the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  std::string_view text = text_of(ByteView(bytes, count));
  envelope(text);
  versions(text);
  if (auto offer = parse_offer(text); offer && *offer) {
    auto again = parse_offer(to_text(**offer));
    if (!again || !*again || **again != **offer) std::abort();
  }
  if (auto logged = parse_logged(text)) same(*logged, parse_logged(to_text(*logged)));
  if (auto report = parse_update_report(text)) same(*report, parse_update_report(to_text(*report)));
  if (auto state = parse_reported_state(text)) same(*state, parse_reported_state(to_text(*state)));
  return 0;
}
