// signer/frame -- the octets between controller and signer: requests one way, answers the other, in
// any order, each answer under its request's number.
//
// Whoever asks is no more trusted than a stranger: a frame's length is checked against its type
// before its content is waited for, and memory grows only with octets that have come. Exact octets:
// docs/formats/issuance-log.md. Pure; one thread.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "signer/issuance_log.h"
#include "signer/order.h"
#include "signer/rollover.h"

namespace muster::signer {

enum class FrameType : std::uint8_t {
  issue = 1,        // an Order
  make_list = 2,    // a CrlOrder
  since = 3,        // index, limit
  chain = 4,        // nothing
  roll_over = 5,    // a RolloverOrder
  authorities = 6,  // nothing
  done = 0x80,      // what was asked for
  refused = 0x81    // an Error
};

inline constexpr std::size_t frame_head_octets = 13;  // content length (4), type (1), number (8)

struct Frame {
  FrameType type = FrameType::issue;
  std::uint64_t number = 0;
  ByteView content;  // until more is appended
};

enum class Side { signer, controller };  // who reads: requests or answers

class FrameBuffer {
 public:
  explicit FrameBuffer(Side reads) : reads_(reads) {}
  void append(ByteView);
  // None: more octets are needed. invalid: this is not our protocol, and nothing after it is read.
  Result<std::optional<Frame>> next();

 private:
  Side reads_;
  Bytes octets_;
  std::size_t read_ = 0;
};

void append_frame(Bytes& out, FrameType, std::uint64_t number, ByteView content);

Bytes encode_refusal(const Error&);
Result<Error> decode_refusal(ByteView);

inline constexpr std::size_t since_limit_max = 1000;
inline constexpr std::size_t issuances_bytes_max = 8 * 1024 * 1024;

struct Since {
  std::uint64_t index = 0;
  std::uint32_t limit = 0;
};
Bytes encode(const Since&);
Result<Since> decode_since(ByteView);

// As many of the first as fit in issuances_bytes_max.
Bytes encode(std::span<const Issuance>);
Result<std::vector<Issuance>> decode_issuances(ByteView);

Bytes encode_chain(std::span<const crypto::Certificate>);
Result<std::vector<crypto::Certificate>> decode_chain(ByteView);

}  // namespace muster::signer
