#include "signer/order.h"

#include <cstdlib>

#include "signer/frame.h"

using namespace muster;
using namespace muster::signer;

namespace {

// Whatever is read has one spelling: written again it is the same octets.
void read_content(const Frame& frame) {
  const auto same = [&](const Bytes& again) {
    if (!std::ranges::equal(again, frame.content)) std::abort();
  };
  if (frame.type == FrameType::issue) {
    if (const auto order = decode_order(frame.content)) same(expect(encode(*order)));
  } else if (frame.type == FrameType::make_list) {
    if (const auto order = decode_crl_order(frame.content)) same(expect(encode(*order)));
  } else if (frame.type == FrameType::since) {
    if (const auto asked = decode_since(frame.content)) same(encode(*asked));
  } else if (frame.type == FrameType::roll_over) {
    if (const auto order = decode_rollover_order(frame.content)) same(encode(*order));
  } else if (frame.type == FrameType::refused) {
    if (const auto refusal = decode_refusal(frame.content)) same(encode_refusal(*refusal));
  } else if (frame.type == FrameType::done) {
    if (const auto found = decode_issuances(frame.content); found && !found->empty())
      same(encode(std::span<const Issuance>(*found)));
    if (const auto authorities = decode_authorities(frame.content)) same(encode(*authorities));
    (void)decode_chain(frame.content);
  }
}

void read_all(Side side, ByteView octets) {
  FrameBuffer buffer(side);
  while (!octets.empty()) {
    const ByteView piece = octets.first(std::min<std::size_t>(octets.size(), 100));
    octets = octets.subspan(piece.size());
    buffer.append(piece);
    for (;;) {
      const auto frame = buffer.next();
      if (!frame) return;
      if (!*frame) break;
      read_content(**frame);
    }
  }
}

}  // namespace

// What comes on the line: to the signer, and to the controller.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_all(Side::signer, {data, size});
  read_all(Side::controller, {data, size});
  return 0;
}
