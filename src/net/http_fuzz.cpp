// Whatever a client sends, and however it is cut into pieces: the reader takes no more than it was
// given, ends, and what it lets through keeps the promises of Head.
#include <cstdlib>

#include "net/internal/http_reader.h"
#include "net/internal/http_text.h"

using namespace muster;
using namespace muster::net::http;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

// What is served lies within the file, whatever its size.
void check_range(std::string_view range) {
  for (const std::uint64_t file_size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, UINT64_MAX}) {
    const internal::Slice slice = internal::slice_of(range, file_size);
    demand(slice.first <= file_size && slice.size <= file_size - slice.first);
    if (slice.kind == internal::Slice::Kind::whole) demand(slice.size == file_size);
    if (slice.kind == internal::Slice::Kind::part) demand(slice.size > 0);
  }
}

void check(const Head& head) {
  if (const auto* range = head.header("Range")) check_range(*range);
  demand(head.path.starts_with('/') && head.path.find('\0') == std::string::npos);
  demand((head.path + "/").find("/../") == std::string::npos);
  demand(head.headers.size() <= internal::headers_max);
}

struct Outcome {
  std::size_t requests = 0, body = 0;
  int refused = 0;
  bool operator==(const Outcome&) const = default;
};

// As a connection does it: what is not used is offered again with the next piece.
Outcome read(ByteView bytes, std::size_t piece) {
  Outcome outcome;
  auto reader = std::make_unique<internal::RequestReader>();
  std::size_t from = 0, to = 0;
  while (true) {
    const auto taken = reader->take(bytes.subspan(from, to - from));
    demand(taken.used <= to - from);
    from += taken.used;
    switch (taken.step) {
      case internal::Step::more:
        if (to == bytes.size()) return outcome;
        to = std::min(bytes.size(), to + piece);
        break;
      case internal::Step::head:
        check(reader->head());
        break;
      case internal::Step::body:
        outcome.body += reader->piece().size();
        break;
      case internal::Step::done:
        ++outcome.requests;
        reader = std::make_unique<internal::RequestReader>();
        break;
      case internal::Step::bad:
        demand(!reader->refusal().reason.empty());
        outcome.refused = reader->refusal().status;
        demand(outcome.refused >= 400);
        return outcome;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const Outcome whole = read(bytes, size + 1), cut = read(bytes, 7);
  demand(whole.requests == cut.requests && whole.body == cut.body);

  internal::ResponseReader reader(false);
  for (std::size_t from = 0; from < size;) {
    const auto taken = reader.take(bytes.subspan(from));
    demand(taken.used <= size - from);
    from += taken.used;
    if (taken.step != internal::Step::head && taken.step != internal::Step::body) break;
  }
  (void)reader.ended();
  check_range(text_of(bytes));
  if (auto url = parse_url(text_of(bytes))) demand(!url->host.empty() && url->port != 0);
  return 0;
}
