// wire/logged -- an entry of the controller's ledger with the proof that it is in it: what an offer
// carries, so that a device installs nothing that was published behind the operators' backs.
//
// Here are the formats alone; whether the proof holds is for who knows the ledger's key
// (crypto/note.h, crypto/merkle.h). Pure functions; any thread. Format: docs/formats/update.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace muster::wire {

struct Logged {
  std::string leaf;                                 // the entry's exact octets
  std::uint64_t index = 0;                          // its place
  std::string checkpoint;                           // the signed note
  std::vector<std::array<std::uint8_t, 32>> proof;  // RFC 6962 2.1.1, against the checkpoint
  bool operator==(const Logged&) const = default;
};

inline constexpr std::size_t logged_max = 80 * 1024;  // octets of text

std::string to_text(const Logged&);
Result<Logged> parse_logged(std::string_view);

}  // namespace muster::wire
