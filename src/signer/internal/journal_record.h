// journal_record -- a rollover's steps as octets in its journal.
//
// An entry has one spelling, behind its length and before the SHA-256 of both; reading tells an end
// that was cut, which was never answered, from damage. Sizes are bounded before memory is taken.
// Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "signer/rollover.h"

namespace muster::signer {

// settled: what a file that is written anew begins with, that of a rollover which is over.
enum class Mark : std::uint8_t { begun = 1, switched = 2, finished = 3, aborted = 4, settled = 5 };

struct Entry {
  Mark mark = Mark::begun;
  crypto::Serial rollover{};
  Scope scope = Scope::whole;
  // of begun
  std::string root_key_pem = {}, issuing_key_pem = {};  // secret; no root key: the root stays
  std::vector<Bytes> certificates = {};  // issuing, root, and of the whole both cross-certificates
};

Bytes pack_entry(const Entry&);

// The entries of a file, and the octet where the last whole one ends. corrupt: damage, and where;
// invalid: what is whole says nothing that a journal says.
Result<std::pair<std::vector<Entry>, std::uint64_t>> read_entries(ByteView file);

}  // namespace muster::signer
